// Cost of one request head: parsing, forwarding rules and writing it back.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/h1_response_parser.h"
#include "http/h1_writer.h"
#include "http/hop_by_hop.h"
#include "http/trace_context.h"

namespace understudy::http {
namespace {

const std::string kCurl =
    "GET /query?id=42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n";

const std::string kBrowser =
    "GET /dashboard/visualization?account=4711&range=24h HTTP/1.1\r\n"
    "Host: app.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"118\", \"Not=A?Brand\";v=\"99\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/118.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Referer: https://app.example.com/dashboard\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

const std::string kResponse =
    "HTTP/1.1 200 OK\r\nServer: example\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: application/json\r\nContent-Length: 260\r\nConnection: keep-alive\r\n"
    "Cache-Control: no-store\r\n\r\n";

void parse_request(benchmark::State& state, const std::string& wire) {
  H1RequestHeadParser parser;
  for (auto _ : state) {
    parser.reset();
    ParseResult result = parser.parse(wire);
    benchmark::DoNotOptimize(result);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wire.size()));
}
BENCHMARK_CAPTURE(parse_request, curl, kCurl);
BENCHMARK_CAPTURE(parse_request, browser, kBrowser);

/// Byte by byte: the price of remembering where a line stopped.
void parse_request_bytes(benchmark::State& state) {
  H1RequestHeadParser parser;
  for (auto _ : state) {
    parser.reset();
    for (std::size_t size = 1; size <= kBrowser.size(); ++size) {
      ParseResult result = parser.parse(std::string_view(kBrowser).substr(0, size));
      benchmark::DoNotOptimize(result);
    }
  }
}
BENCHMARK(parse_request_bytes);

void forward_and_write_request(benchmark::State& state, const std::string& wire,
                               const ForwardOptions& options) {
  H1RequestHeadParser parser;
  parser.parse(wire);
  RequestHead forwarded;
  ForwardScratch scratch;
  std::vector<char> out(4096);
  for (auto _ : state) {
    forward_request(parser.head(), options, scratch, forwarded);
    char* end = write_request_head(out.data(), forwarded);
    benchmark::DoNotOptimize(end);
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(forward_and_write_request, curl, kCurl, {});
BENCHMARK_CAPTURE(forward_and_write_request, browser, kBrowser, {});
BENCHMARK_CAPTURE(forward_and_write_request, browser_with_forwarded_for, kBrowser,
                  {.via = "understudy", .client_address = "192.0.2.7", .client_scheme = "http"});

void parse_response(benchmark::State& state) {
  H1ResponseHeadParser parser;
  for (auto _ : state) {
    parser.reset(MethodId::kGet);
    ParseResult result = parser.parse(kResponse);
    benchmark::DoNotOptimize(result);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(parse_response);

void forward_and_write_response(benchmark::State& state) {
  H1ResponseHeadParser parser;
  parser.parse(kResponse);
  ResponseHead forwarded;
  ForwardScratch scratch;
  std::vector<char> out(4096);
  for (auto _ : state) {
    forward_response(parser.head(), {}, scratch, forwarded);
    char* end = write_response_head(out.data(), forwarded);
    benchmark::DoNotOptimize(end);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(forward_and_write_response);

void decode_chunks(benchmark::State& state) {
  std::string wire;
  for (int i = 0; i < 16; ++i) {
    append_chunk_header(wire, 4096);
    wire.append(4096, 'x');
    wire.append(kChunkEnd);
  }
  wire.append(kLastChunk);
  H1BodyDecoder decoder;
  for (auto _ : state) {
    decoder.start(Framing::kChunked, 0);
    std::string_view in = wire;
    while (decoder.state() == BodyState::kMore) {
      const BodyStep step = decoder.decode(in);
      benchmark::DoNotOptimize(step.data.data());
      in.remove_prefix(step.consumed);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wire.size()));
}
BENCHMARK(decode_chunks);

void copy_head(benchmark::State& state) {
  H1RequestHeadParser parser;
  parser.parse(kBrowser);
  for (auto _ : state) {
    OwnedFields owned(parser.head().fields);
    benchmark::DoNotOptimize(owned);
  }
}
BENCHMARK(copy_head);

void trace_parent(benchmark::State& state) {
  base::Rng rng(1);
  const Fields fields{{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  std::array<char, TraceParent::kTextBytes> text;
  for (auto _ : state) {
    TraceContext context;
    continue_or_begin_trace(fields, rng, context);
    format_traceparent(child_of(context.parent, rng), text);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(trace_parent);

}  // namespace
}  // namespace understudy::http

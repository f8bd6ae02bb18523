#include "store/duckdb/sql_concurrency.h"

#include "base/text.h"

namespace understudy::store {
namespace {

std::string span_start(const SpanColumn& span) {
  return base::cat("greatest(ts, ", span.start_ns, ")");
}

std::string runs(const SpanColumn& span) {
  return base::cat("coalesce(", span.name, " > ", span_start(span), ", false) AND ",
                   span.condition);
}

}  // namespace

std::string sql_bucket(const std::string& time, const BucketWidth& bucket) {
  const std::int64_t width = bucket.width_ns;
  if (bucket.origin_ns == 0) {
    return base::cat("(", time, ") - (((", time, ") % ", width, ") + ", width, ") % ", width);
  }
  return base::cat("(", time, ") - ((((", time, ") % ", width, ") - ", bucket.origin_ns, ") % ",
                   width, " + ", width, ") % ", width);
}

std::string sql_span_end(const SpanColumn& span, const std::string& duration) {
  const std::string most = base::cat("(", span.end_ns, " - ts)");
  return base::cat("CASE WHEN ", duration, " > 0 AND isfinite(", duration,
                   ") THEN ts + least(round(least(", duration, " * 1e6, ", most,
                   "::DOUBLE))::BIGINT, ", most, ") END");
}

std::string sql_concurrency(const SpanColumn& span) {
  return base::cat("coalesce(sum((", span.name, " - ", span_start(span),
                   ")::HUGEINT * rate) FILTER (WHERE ", runs(span), "), 0)::DOUBLE / (",
                   span.end_ns, " - ", span.start_ns, ")::DOUBLE");
}

std::string sql_concurrency_by_bucket(const SpanColumn& span, const std::string& source,
                                      const BucketWidth& bucket, const std::string& name) {
  const std::string width = base::cat(bucket.width_ns);
  // What covers a bucket: all that were open before it, and of those that begin or end in it the
  // part after the edge, added or taken away.
  const std::string from = span_start(span);
  const std::string last = base::cat("(", span.name, " - 1)");  // the end belongs to what it ends
  const std::string edge =
      base::cat("SELECT gr, ", sql_bucket(from, bucket),
                " AS bucket, rate::HUGEINT AS opened, rate::HUGEINT * (", width, " - (", from,
                " - (", sql_bucket(from, bucket), "))) AS part FROM ", source, " WHERE ",
                runs(span), " UNION ALL SELECT gr, ", sql_bucket(last, bucket),
                ", -rate::HUGEINT, -rate::HUGEINT * (", width, " - (", span.name, " - (",
                sql_bucket(last, bucket), "))) FROM ", source, " WHERE ", runs(span));
  const std::string added =
      base::cat("SELECT gr, bucket, sum(opened) AS opened, sum(part) AS part FROM (", edge,
                ") GROUP BY gr, bucket");
  const std::string running = base::cat(
      "SELECT gr, bucket, part, opened, sum(opened) OVER (PARTITION BY gr ORDER BY bucket) AS "
      "open, "
      "lead(bucket) OVER (PARTITION BY gr ORDER BY bucket) AS next FROM (",
      added, ")");
  const std::string covered =
      base::cat("SELECT gr, bucket, (open - opened) * ", width, " + part AS covered FROM running",
                " UNION ALL SELECT gr, unnest(range(bucket + ", width, ", next, ", width,
                ")), open * ", width, " FROM running WHERE open > 0 AND next > bucket + ", width);
  return base::cat("WITH running AS MATERIALIZED (", running,
                   ") SELECT gr, bucket, covered::DOUBLE / (least(bucket + ", width, ", ",
                   span.end_ns, ") - greatest(bucket, ", span.start_ns, "))::DOUBLE AS ", name,
                   " FROM (", covered, ")");
}

}  // namespace understudy::store

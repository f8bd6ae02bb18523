"""Services behind TLS, as other people's programs speak it: Python's ssl, nginx, openssl s_server."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess

import harness


class Certificates:
    """An authority and what it signs, made by the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_file, self.ca_key = self.self_signed("authority", names=None)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def _paths(self, name):
        return os.path.join(self.folder, name + ".pem"), os.path.join(self.folder, name + ".key")

    def _new(self, name, key, names):
        extension = ["-addext", f"subjectAltName={names}"] if names else []
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                key, "-subj", f"/CN={name}", *extension]

    def self_signed(self, name, names="DNS:localhost,IP:127.0.0.1"):
        certificate, key = self._paths(name)
        self._openssl("req", "-x509", *self._new(name, key, names), "-out", certificate)
        return certificate, key

    def issued(self, name, names="DNS:localhost,IP:127.0.0.1", days=2):
        certificate, key = self._paths(name)
        request = certificate + ".request"
        self._openssl("req", *self._new(name, key, names), "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", self.ca_key,
                      "-CAcreateserial", "-copy_extensions", "copy", "-days", str(days), "-out",
                      certificate)
        return certificate, key


def behind_tls(service, identity):
    """Puts a harness.Service behind TLS; the handshake is its own thread's business."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity)
    service.server.socket = context.wrap_socket(service.server.socket, server_side=True,
                                                do_handshake_on_connect=False)
    return service


class Process:
    """Somebody else's server, once it takes connections."""

    def __init__(self, command, port):
        self.port = port
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def listening():
            if self.process.poll() is not None:
                raise AssertionError(f"{command[0]} ended with {self.process.returncode}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        harness.until(f"{command[0]} listens", listening)

    def close(self):
        self.process.terminate()
        self.process.wait(harness.DEADLINE_S)


class Case(harness.Case):
    def setUp(self):
        self.certificates = Certificates(self.folder())


class Services(Case):
    def python(self, value, identity):
        return self.use(behind_tls(harness.json_service(value), identity))

    def s_server(self, identity, *more):
        port = harness.free_port()
        return self.use(Process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
                                 identity[0], "-key", identity[1], "-www", *more], port))

    def nginx(self, identity, files, more=""):
        folder, port = self.folder(), harness.free_port()
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        os.chmod(folder, 0o755)
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log;
events {{ }}
http {{
  access_log off; client_max_body_size 100m; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/a; uwsgi_temp_path {folder}/b;
  scgi_temp_path {folder}/c; client_body_buffer_size 1m;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {identity[0]}; ssl_certificate_key {identity[1]};
    root {folder}; {more}
    location /session {{ return 200 "$ssl_session_reused $ssl_protocol $ssl_server_name\\n"; }}
  }}
}}
""")
        return self.use(Process(["nginx", "-c", config, "-e", f"{folder}/log"], port))

    def start_with(self, control, candidate=None, mode="control_only", **more):
        return self.start(self.config(control, candidate, mode, **more))

    def config(self, control, candidate=None, mode="control_only", tls=None, listen="127.0.0.1:0"):
        tls = f"{{ ca_file: {self.certificates.ca_file} }}" if tls is None else tls
        side = lambda service: (f'{{ url: "https://127.0.0.1:{service.port}", timeout: 2s, '
                                f"tls: {tls} }}")
        return f"""
  - name: shop
    listen: {listen}
    control: {side(control)}
    candidate: {side(candidate or control)}
    mode: {mode}
"""

    def refused(self, server, message):
        """The client is told that there was no answer, and the events say why."""
        answer = server.get()
        self.assertEqual(answer.status, 502)
        self.assertEqual(harness.json.loads(answer.body)["type"], "tls")
        harness.until(f"an error event says {message}", lambda: server.count(
            "errors", ("error.side", "=", "control"), ("exception.type", "=", "tls"),
            ("exception.message", "=", message)) >= 1)
        harness.until("the evaluation says so too", lambda: server.count(
            "evaluations", ("control.error.type", "=", "tls")) >= 1)

    def test_two_services_behind_tls_are_compared(self):
        identity = self.certificates.issued("service")
        server = self.start_with(self.python({"a": 1}, identity), self.python({"a": 2}, identity),
                                 "full_evaluation")
        for _ in range(5):
            self.assertEqual(harness.json.loads(server.get().body), {"a": 1})
        self.assertEqual(server.settled(5)["compared"], 5)
        harness.until("the differences can be queried", lambda: server.count("differences") == 5)

    def test_a_large_file_of_nginx_arrives_whole_in_both_versions(self):
        content = os.urandom(1 << 20) * 20
        for version in ("TLSv1.2", "TLSv1.3"):
            nginx = self.nginx(self.certificates.issued("service"), {"large": content},
                               f"ssl_protocols {version};")
            server = self.start_with(nginx)
            answer = server.get("/large")
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.body == content)
            self.assertEqual(server.get("/session").body.split()[1], version.encode())
            server.stop()

    def test_the_next_connection_to_nginx_resumes_the_session(self):
        nginx = self.nginx(self.certificates.issued("service"), {},
                           "keepalive_requests 1; ssl_session_cache shared:all:1m;")
        server = self.start_with(nginx)
        reused = [server.get("/session").body.split()[0] for _ in range(4)]
        self.assertEqual(reused, [b".", b"r", b"r", b"r"])

    def test_an_answer_of_s_server_that_ends_with_the_connection_is_whole(self):
        server = self.start_with(self.s_server(self.certificates.issued("service")))
        answer = server.get()
        self.assertEqual(answer.status, 200)
        self.assertIn(b"s_server", answer.body)
        self.assertIn(b"</HTML>", answer.body.upper())
        harness.until("it was a success", lambda: server.count(
            "evaluations", ("control.success", "=", 100)) == 1)

    def test_an_answer_that_was_cut_off_is_not_whole(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificates.issued("service"))

        class Cut(harness.RawService):
            def _serve(self, connection):
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
                    # Python closes TCP without the goodbye of TLS.

        server = self.start_with(self.use(Cut(None)))
        with self.assertRaises((ConnectionError, harness.http.client.HTTPException)):
            server.get()
        harness.until("it is recorded as cut off", lambda: server.count(
            "evaluations", ("control.error.type", "=", "closed_early")) == 1)

    def test_certificates_that_are_not_good_are_refused(self):
        own = self.python({}, self.certificates.self_signed("own"))
        self.refused(self.start_with(own), "certificate verify failed: self-signed certificate")
        other = self.python({}, self.certificates.issued("other", "DNS:other.test"))
        self.refused(self.start_with(other), "certificate verify failed: IP address mismatch, it is "
                                             "not for 127.0.0.1")
        old = self.python({}, self.certificates.issued("old", days=-1))
        self.refused(self.start_with(old), "certificate verify failed: certificate has expired")
        unknown = self.python({}, self.certificates.issued("unknown"))
        self.refused(self.start_with(unknown, tls="{}"),
                     "certificate verify failed: unable to get local issuer certificate")

    def test_a_server_that_only_speaks_tls_1_1_is_refused(self):
        server = self.start_with(self.s_server(self.certificates.issued("service"), "-tls1_1",
                                               "-cipher", "DEFAULT@SECLEVEL=0"))
        self.refused(server, "tlsv1 alert protocol version")

    def test_a_server_that_wants_a_certificate_gets_ours(self):
        wants = self.s_server(self.certificates.issued("service"), "-Verify", "1",
                              "-verify_return_error", "-CAfile", self.certificates.ca_file)
        self.refused(self.start_with(wants), "tlsv13 alert certificate required")
        certificate, key = self.certificates.issued("client")
        server = self.start_with(wants, tls=f"{{ ca_file: {self.certificates.ca_file}, "
                                            f"client_cert: {certificate}, client_key: {key} }}")
        self.assertEqual(server.get().status, 200)

    def test_a_reload_takes_new_files(self):
        control = self.python({"a": 1}, self.certificates.issued("service"))
        stranger = Certificates(self.folder())
        trusted = os.path.join(self.folder(), "ca.pem")
        shutil.copy(stranger.ca_file, trusted)
        server = self.start_with(control, tls=f"{{ ca_file: {trusted} }}")
        self.assertEqual(server.get().status, 502)
        shutil.copy(self.certificates.ca_file, trusted)
        server.reload()
        self.assertEqual(server.get().status, 200)
        with open(trusted, "w") as file:
            file.write("torn")
        server.reload()
        self.assertIn("ca_file", server.log())
        self.assertEqual(server.get().status, 200)

    def test_a_candidate_whose_tls_is_broken_is_never_felt(self):
        control = self.python({"a": 1}, self.certificates.issued("service"))
        candidate = self.python({"a": 1}, self.certificates.self_signed("own"))
        server = self.start_with(control, candidate, "full_evaluation")
        for _ in range(5):
            answer = server.get()
            self.assertEqual((answer.status, answer.body), (200, b'{"a": 1}'))
        self.assertEqual(server.settled(5)["failed"], 5)
        harness.until("the events say why", lambda: server.count(
            "errors", ("error.side", "=", "candidate"), ("exception.type", "=", "tls"),
            ("exception.message", "=",
             "certificate verify failed: self-signed certificate")) == 5)


class Listening(Case):
    """The proxy itself behind TLS."""

    def setUp(self):
        super().setUp()
        self.control = self.use(harness.json_service({"a": 1}))
        self.certificate, self.key = self.certificates.issued("proxy")

    def start_listening(self):
        return self.start(harness.migration(
            self.control, self.control,
            more=f"    listen_tls: {{ cert: {self.certificate}, key: {self.key} }}\n"))

    def get(self, server, ca_file=None):
        context = ssl.create_default_context(cafile=ca_file or self.certificates.ca_file)
        with contextlib.closing(harness.http.client.HTTPSConnection(
                "localhost", server.port(), context=context,
                timeout=harness.DEADLINE_S)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().read()

    def test_clients_of_others_are_served(self):
        server = self.start_listening()
        self.assertEqual(self.get(server), b'{"a": 1}')
        curl = subprocess.run(["curl", "-sS", "--cacert", self.certificates.ca_file,
                               f"https://localhost:{server.port()}/"], capture_output=True)
        self.assertEqual((curl.stdout, curl.stderr), (b'{"a": 1}', b""))
        told = [{name.lower(): value for name, value in headers.items()}["x-forwarded-proto"]
                for _, _, headers in self.control.seen]
        self.assertEqual(told, ["https", "https"])

    def test_a_reload_shows_the_new_certificate_and_keeps_the_old_one_when_it_is_bad(self):
        server = self.start_listening()
        self.assertEqual(self.get(server), b'{"a": 1}')
        others = Certificates(self.folder())
        renewed = others.issued("renewed")
        shutil.copy(renewed[0], self.certificate)
        server.reload()  # the key is still that of the former one
        self.assertIn("key values mismatch", server.log())
        self.assertEqual(self.get(server), b'{"a": 1}')
        shutil.copy(renewed[1], self.key)
        server.reload()
        self.assertEqual(self.get(server, others.ca_file), b'{"a": 1}')
        with self.assertRaises(ssl.SSLError):
            self.get(server)


if __name__ == "__main__":
    harness.main()

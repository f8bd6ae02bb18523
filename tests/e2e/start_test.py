"""What can go wrong before the first request: one line each, and an exit code."""

import contextlib
import os
import socket

import harness


class Start(harness.Case):
    def serve(self, text):
        """Runs `serve` on a configuration that must not come up; gives its one line."""
        folder = self.folder()
        file = os.path.join(folder, "understudy.yaml")
        with open(file, "w") as out:
            out.write(text.replace("FOLDER", folder))
        done = harness.run("serve", "-c", file)
        self.assertEqual(done.returncode, 1, done.stderr)
        return self.one_line(done.stderr).replace(folder, "FOLDER")

    def refused(self, text):
        """The one line of `serve`, which `check` has to find as well."""
        folder = self.folder()
        file = os.path.join(folder, "understudy.yaml")
        with open(file, "w") as out:
            out.write(text.replace("FOLDER", folder))
        checked = harness.run("check", "-c", file)
        self.assertEqual(checked.returncode, 1, checked.stdout)
        line = self.serve(text)
        self.assertEqual(self.one_line(checked.stderr).replace(folder, "FOLDER"), line)
        return line

    def test_a_missing_file_is_named(self):
        done = harness.run("serve", "-c", "/nowhere/understudy.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.one_line(done.stderr),
                         "/nowhere/understudy.yaml: No such file or directory")

    def test_a_bad_file_is_one_line_with_file_line_and_path(self):
        self.assertEqual(
            self.serve("data_dir: FOLDER/data\nworkers: many\n"),
            'FOLDER/understudy.yaml:2: workers: expected a whole number, found "many"')

    def test_an_unknown_key_names_the_nearest(self):
        self.assertEqual(
            self.serve("worker: 2\n"),
            'FOLDER/understudy.yaml:1: worker: is not a known key; did you mean "workers"?')

    def test_a_migration_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = self.serve("data_dir: FOLDER/data\nadmin: { listen: 127.0.0.1:0 }\nmigrations:" +
                              harness.migration(1, 2, listen=f"127.0.0.1:{port}"))
        self.assertEqual(line, f"FOLDER/understudy.yaml:5: migrations[0].listen: 127.0.0.1:{port} "
                               "is already in use by another process")

    def test_an_admin_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = self.serve(f"data_dir: FOLDER/data\nadmin: {{ listen: 127.0.0.1:{port} }}\n")
        self.assertEqual(line, f"FOLDER/understudy.yaml:2: admin.listen: 127.0.0.1:{port} "
                               "is already in use by another process")

    def test_a_data_folder_that_cannot_be_made_is_named(self):
        self.assertEqual(self.refused("data_dir: FOLDER/understudy.yaml/data\n"),
                         "FOLDER/understudy.yaml:1: data_dir: FOLDER/understudy.yaml/data cannot "
                         "be made: FOLDER/understudy.yaml is not a folder")

    def test_a_data_folder_that_cannot_be_written_is_named(self):
        folder = self.read_only_folder()
        self.assertEqual(self.refused(f"workers: 1\ndata_dir: {folder}\n"),
                         f"FOLDER/understudy.yaml:2: data_dir: {folder} cannot be written: "
                         "Read-only file system")
        self.assertEqual(self.refused(f"data_dir: {folder}/var/understudy\n"),
                         f"FOLDER/understudy.yaml:1: data_dir: {folder}/var/understudy cannot be "
                         f"made: {folder} cannot be written: Read-only file system")

    def test_a_full_disk_is_named(self):
        disk = self.disk("size=64k")
        with open(f"{disk}/filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        self.assertEqual(self.serve(f"workers: 1\ndata_dir: {disk}\nmigrations:" +
                                    harness.migration(1, 2)),
                         f"FOLDER/understudy.yaml:2: data_dir: {disk}/state.db cannot grow: the disk "
                         "is full or its size limit is reached")

    def test_a_damaged_state_file_is_named(self):
        folder = self.folder()
        os.mkdir(f"{folder}/data")
        with open(f"{folder}/data/state.db", "w") as file:
            file.write("not a database, although it is as long as the head of one " * 100)
        self.assertEqual(self.serve(f"data_dir: {folder}/data\n"),
                         f"FOLDER/understudy.yaml:1: data_dir: {folder}/data/state.db is not an "
                         "SQLite database")

    def test_two_migrations_on_one_port_are_named(self):
        self.assertEqual(
            self.refused("data_dir: FOLDER/data\nmigrations:" +
                         harness.migration(1, 2, listen="127.0.0.1:8080") +
                         harness.migration(1, 2, name="other", listen="0.0.0.0:8080")),
            'FOLDER/understudy.yaml:10: migrations[1].listen: "0.0.0.0:8080" is taken by the '
            "migration shop in line 4")

    def test_a_migration_on_the_admin_port_is_named(self):
        self.assertEqual(
            self.refused("admin: { listen: 127.0.0.1:8090 }\nmigrations:" +
                         harness.migration(1, 2, listen="127.0.0.1:8090")),
            'FOLDER/understudy.yaml:4: migrations[0].listen: "127.0.0.1:8090" is taken by '
            "admin.listen")

    def test_the_default_admin_port_is_named_too(self):
        self.assertEqual(
            self.refused("migrations:" + harness.migration(1, 2, listen="127.0.0.1:8081")),
            'FOLDER/understudy.yaml:3: migrations[0].listen: "127.0.0.1:8081" is taken by '
            "admin.listen")

    def test_a_second_server_on_one_folder_is_refused(self):
        first = self.start("")
        done = harness.run("serve", "-c", first.config_file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use by another process", self.one_line(done.stderr))

    def test_the_admin_interface_stays_on_loopback(self):
        line = self.serve("data_dir: FOLDER/data\nadmin: { listen: 0.0.0.0:0 }\n")
        self.assertIn("can be reached from other machines", line)
        self.assertIn("keys", line)

    def test_the_admin_interface_answers_to_the_names_it_was_given(self):
        server = self.start("", admin=", hosts: [understudy, Understudy.shop.svc.cluster.local]")

        def status(host):
            return harness.request(server.admin, "/metrics", headers={"Host": host}).status

        for host in ("understudy:8081", "understudy", "understudy.shop.svc.cluster.local:8081"):
            self.assertEqual(status(host), 200, host)
        for host in ("evil.example", "svc.cluster.local", "understudy.evil.example"):
            self.assertEqual(status(host), 403, host)

    def test_check_says_the_same_as_serve_and_starts_nothing(self):
        folder = self.folder()
        file = os.path.join(folder, "understudy.yaml")
        with open(file, "w") as out:
            out.write(f"data_dir: {folder}/data\nworkers: 0\n")
        done = harness.run("check", "-c", file)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.one_line(done.stderr), f"{file}:2: workers: 0 is below 1")
        with open(file, "w") as out:
            out.write(f"data_dir: {folder}/data\n")
        self.assertEqual(harness.run("check", "-c", file).returncode, 0)
        self.assertFalse(os.path.exists(f"{folder}/data"))

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in (["serv"], ["serve", "--config"], ["mode", "set", "shop", "full=1"], []):
            done = harness.run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stdout, "", arguments)
        self.assertIn('did you mean "serve"?', harness.run("serv").stderr)

    def test_a_server_that_is_not_there_is_one_line(self):
        port = harness.free_port()
        done = harness.run("mode", "get", "shop", "--url", f"http://127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot reach the server at http://127.0.0.1:{port}",
                      self.one_line(done.stderr))
        done = harness.run("status", "--url", f"http://127.0.0.1:{port}")
        self.assertEqual(done.returncode, 3)

    def test_the_environment_overrides_the_file(self):
        folder = self.folder()
        file = os.path.join(folder, "understudy.yaml")
        with open(file, "w") as out:
            out.write(f"data_dir: {folder}/data\n")
        done = harness.run("check", "-c", file, environment={"UNDERSTUDY_WORKERS": "0"})
        self.assertEqual(self.one_line(done.stderr),
                         "environment UNDERSTUDY_WORKERS: workers: 0 is below 1")
        done = harness.run("check", "-c", file, environment={"UNDERSTUDY_WORKRES": "1"})
        self.assertIn("did you mean UNDERSTUDY_WORKERS?", self.one_line(done.stderr))


if __name__ == "__main__":
    harness.main()

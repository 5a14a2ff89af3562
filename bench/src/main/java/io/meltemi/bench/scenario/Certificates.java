package io.meltemi.bench.scenario;

import io.meltemi.bench.process.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A certificate authority of this run, and a server's and a client's certificate from it, all on
 * P-256, as files.
 *
 * @param directory where they are
 */
record Certificates(Path directory) {
  /** URI of the client's certificate, as Istio names workloads. */
  static final String CLIENT = "spiffe://cluster.local/ns/default/sa/client";

  private static final String SERVER = "spiffe://cluster.local/ns/default/sa/server";

  /** Makes them with {@code openssl}. */
  static Certificates make(Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Certificates certificates = new Certificates(directory);
    certificates.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=bench"
            + " -keyout ca.key -out ca.pem");
    certificates.issue("server", "DNS:localhost,IP:127.0.0.1,URI:" + SERVER);
    certificates.issue("client", "DNS:client,URI:" + CLIENT);
    return certificates;
  }

  private void issue(String name, String names) throws IOException, InterruptedException {
    Files.writeString(
        directory.resolve(name + ".ext"),
        "subjectAltName=" + names + "\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN="
            + name
            + " -keyout "
            + name
            + ".key -out "
            + name
            + ".csr");
    openssl(
        "x509 -req -in "
            + name
            + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile "
            + name
            + ".ext -out "
            + name
            + ".pem");
  }

  private void openssl(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Tool.OPENSSL.require().toString()));
    command.addAll(List.of(arguments.split(" ")));
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("openssl " + arguments + ": " + output.strip());
    }
  }

  Path authority() {
    return directory.resolve("ca.pem");
  }

  Path certificate(String name) {
    return directory.resolve(name + ".pem");
  }

  Path key(String name) {
    return directory.resolve(name + ".key");
  }
}

package io.meltemi.cli.command.rehearse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A certificate that signed itself, from the JDK's {@code keytool}, for a proxy's two ends. */
final class RehearsalIdentity {
  private static final String PASSWORD = "rehearsal";

  private RehearsalIdentity() {}

  /** The part of a TLS context that names certificates; empty when there is no keytool. */
  static String tlsContext(Path directory) throws IOException, InterruptedException {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    Path store = directory.resolve("identity.p12");
    Path log = directory.resolve("keytool.log");
    if (!Files.isExecutable(keytool)) {
      return "";
    }
    Process process =
        new ProcessBuilder(
                List.of(
                    keytool.toString(),
                    "-genkeypair",
                    "-keyalg",
                    "EC",
                    "-groupname",
                    "secp256r1",
                    "-dname",
                    "CN=rehearsal",
                    "-ext",
                    "SAN=dns:localhost,uri:spiffe://cluster.local/ns/default/sa/rehearsal",
                    "-validity",
                    "2",
                    "-storetype",
                    "PKCS12",
                    "-keystore",
                    store.toString(),
                    "-storepass",
                    PASSWORD))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
      return "";
    }
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(in, PASSWORD.toCharArray());
      String alias = keys.aliases().nextElement();
      Path certificate = directory.resolve("cert.pem");
      Path key = directory.resolve("key.pem");
      Files.writeString(certificate, pem("CERTIFICATE", keys.getCertificate(alias).getEncoded()));
      Files.writeString(
          key, pem("PRIVATE KEY", keys.getKey(alias, PASSWORD.toCharArray()).getEncoded()));
      return """
      tls_certificates: [{certificate_chain: {filename: %1$s}, private_key: {filename: %2$s}}],
      validation_context: {trusted_ca: {filename: %1$s}}"""
          .formatted(certificate, key);
    } catch (GeneralSecurityException e) {
      throw new IOException("keytool's key store is not readable: " + e.getMessage(), e);
    }
  }

  private static String pem(String type, byte[] der) {
    byte[] lineEnd = "\n".getBytes(StandardCharsets.US_ASCII);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder(64, lineEnd).encodeToString(der), type);
  }
}

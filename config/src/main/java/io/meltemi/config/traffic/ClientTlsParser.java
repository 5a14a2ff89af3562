package io.meltemi.config.traffic;

import io.meltemi.config.traffic.ClientTls.Mode;
import io.meltemi.config.yaml.ObjectReader;

/** Reads {@code ClientTLSSettings}. */
public final class ClientTlsParser {
  /** What a proxy takes; a longer one would cost it every cluster beside this one. */
  private static final int SNI_MAX = 255;

  private ClientTlsParser() {}

  public static ClientTls parse(ObjectReader reader) {
    ClientTls tls =
        new ClientTls(
            reader.enumeration("mode", Mode.class).orElse(Mode.DISABLE),
            new ClientTls.Files(
                reader.string("clientCertificate"),
                reader.string("privateKey"),
                reader.string("caCertificates"),
                reader.string("caCrl")),
            reader.string("credentialName"),
            reader.strings("subjectAltNames"),
            reader.string("sni"),
            reader.optionalBool("insecureSkipVerify"));
    if (tls.insecureSkipVerify().orElse(false)) {
      checkInsecure(reader, tls);
    }
    if (tls.sni().length() > SNI_MAX) {
      reader.error("sni", tls.sni().length() + " characters", "at most " + SNI_MAX);
    }
    boolean ownCertificates = tls.mode() == Mode.SIMPLE || tls.mode() == Mode.MUTUAL;
    if (ownCertificates && !tls.credentialName().isEmpty()) {
      String instead = "no files beside credentialName";
      forbid(reader, "clientCertificate", instead);
      forbid(reader, "privateKey", instead);
      forbid(reader, "caCertificates", instead);
      forbid(reader, "caCrl", instead);
    } else if (tls.mode() == Mode.MUTUAL) {
      reader.require("clientCertificate", "a file for mode MUTUAL, or credentialName");
      reader.require("privateKey", "a file for mode MUTUAL, or credentialName");
    }
    return tls;
  }

  private static void checkInsecure(ObjectReader reader, ClientTls tls) {
    String reason = "nothing that checks the server beside insecureSkipVerify";
    if (tls.mode() == Mode.SIMPLE || tls.mode() == Mode.MUTUAL) {
      forbid(reader, "caCertificates", reason);
      forbid(reader, "subjectAltNames", reason);
    }
    if (tls.mode() == Mode.SIMPLE) {
      forbid(reader, "credentialName", reason);
    }
  }

  private static void forbid(ObjectReader reader, String field, String expected) {
    if (reader.has(field)) {
      reader.error(field, reader.written(field), expected);
    }
  }
}

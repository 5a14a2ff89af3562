package io.meltemi.config.traffic;

import io.meltemi.config.traffic.ServerTls.Mode;
import io.meltemi.config.traffic.ServerTls.ProtocolVersion;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Reads {@code ServerTLSSettings}. */
public final class ServerTlsParser {
  private static final Set<String> CIPHERS =
      Set.of(
          "ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-RSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES256-GCM-SHA384",
          "ECDHE-ECDSA-CHACHA20-POLY1305",
          "ECDHE-RSA-CHACHA20-POLY1305",
          "ECDHE-ECDSA-AES128-SHA",
          "ECDHE-RSA-AES128-SHA",
          "ECDHE-ECDSA-AES256-SHA",
          "ECDHE-RSA-AES256-SHA",
          "ECDHE-PSK-AES128-CBC-SHA",
          "ECDHE-PSK-AES256-CBC-SHA",
          "ECDHE-PSK-CHACHA20-POLY1305",
          "AES128-GCM-SHA256",
          "AES256-GCM-SHA384",
          "AES128-SHA",
          "AES256-SHA",
          "PSK-AES128-CBC-SHA",
          "PSK-AES256-CBC-SHA",
          "DES-CBC3-SHA");
  private static final int CERTIFICATES_MAX = 2;

  private ServerTlsParser() {}

  public static ServerTls parse(ObjectReader reader) {
    Mode mode = reader.enumeration("mode", Mode.class).orElse(Mode.PASSTHROUGH);
    ServerTls.Credentials credentials =
        new ServerTls.Credentials(
            files(reader),
            reader.objects("tlsCertificates", ServerTlsParser::certificate),
            reader.string("credentialName"),
            reader.strings("credentialNames"),
            reader.string("caCertCredentialName"),
            reader.string("caCrl"));
    ServerTls.Peer peer =
        new ServerTls.Peer(
            reader.strings("subjectAltNames"),
            reader.strings("verifyCertificateSpki"),
            reader.strings("verifyCertificateHash"),
            reader.optionalBool("insecureSkipVerify"));
    ServerTls tls =
        new ServerTls(
            reader.bool("httpsRedirect"),
            mode,
            credentials,
            peer,
            version(reader, "minProtocolVersion"),
            version(reader, "maxProtocolVersion"),
            cipherSuites(reader),
            reader.strings("ecdhCurves"));
    checkVersions(reader, tls);
    checkCredentials(reader, mode, credentials);
    return tls;
  }

  private static ServerTls.Files files(ObjectReader reader) {
    return new ServerTls.Files(
        reader.string("serverCertificate"),
        reader.string("privateKey"),
        reader.string("caCertificates"));
  }

  private static ServerTls.Files certificate(ObjectReader reader) {
    reader.require("serverCertificate", "a file");
    reader.require("privateKey", "a file");
    return files(reader);
  }

  private static ProtocolVersion version(ObjectReader reader, String field) {
    return reader.enumeration(field, ProtocolVersion.class).orElse(ProtocolVersion.TLS_AUTO);
  }

  private static void checkVersions(ObjectReader reader, ServerTls tls) {
    ProtocolVersion min = tls.minProtocolVersion();
    ProtocolVersion max = tls.maxProtocolVersion();
    if (max != ProtocolVersion.TLS_AUTO && min.compareTo(max) > 0) {
      reader.error("minProtocolVersion", min.name(), "not above maxProtocolVersion " + max);
    }
    if ((min == ProtocolVersion.TLSV1_0 || min == ProtocolVersion.TLSV1_1)
        && tls.cipherSuites().isEmpty()) {
      reader.warn(
          "minProtocolVersion",
          min.name(),
          "cipherSuites that work below TLS 1.2, or TLSV1_2 and above");
    }
  }

  private static List<String> cipherSuites(ObjectReader reader) {
    List<String> written = reader.strings("cipherSuites");
    Set<String> good = new LinkedHashSet<>();
    for (int i = 0; i < written.size(); i++) {
      if (!CIPHERS.contains(written.get(i))) {
        reader.warn(
            "cipherSuites",
            i,
            '"' + written.get(i) + '"',
            "a cipher suite of BoringSSL such as ECDHE-RSA-AES128-GCM-SHA256; it is ignored");
      } else if (!good.add(written.get(i))) {
        reader.warn("cipherSuites", i, '"' + written.get(i) + '"', "each suite once");
      }
    }
    return new ArrayList<>(good);
  }

  private static void checkCredentials(
      ObjectReader reader, Mode mode, ServerTls.Credentials credentials) {
    switch (mode) {
      case ISTIO_MUTUAL -> {
        String expected = "none for ISTIO_MUTUAL, which uses the workload's certificate";
        forbid(reader, "serverCertificate", expected);
        forbid(reader, "privateKey", expected);
        forbid(reader, "caCertificates", expected);
        forbid(reader, "credentialName", expected);
        forbid(reader, "credentialNames", expected);
        forbid(reader, "tlsCertificates", expected);
      }
      case PASSTHROUGH, AUTO_PASSTHROUGH -> {
        for (String field :
            List.of("serverCertificate", "privateKey", "caCertificates", "credentialName")) {
          if (reader.has(field)) {
            reader.warn(field, reader.written(field), "none for " + mode + "; it is ignored");
          }
        }
      }
      case SIMPLE, MUTUAL, OPTIONAL_MUTUAL -> checkSources(reader, mode, credentials);
    }
  }

  private static void checkSources(
      ObjectReader reader, Mode mode, ServerTls.Credentials credentials) {
    boolean secret = !credentials.credentialName().isEmpty();
    boolean secrets = !credentials.credentialNames().isEmpty();
    boolean list = !credentials.certificates().isEmpty();
    boolean files =
        !credentials.files().serverCertificate().isEmpty()
            || !credentials.files().privateKey().isEmpty();
    int sources = (secret ? 1 : 0) + (secrets ? 1 : 0) + (list ? 1 : 0) + (files ? 1 : 0);
    if (sources > 1) {
      reader.error(
          "",
          "several sources of certificates",
          "one of credentialName, credentialNames, tlsCertificates, serverCertificate");
    }
    if (credentials.credentialNames().size() > CERTIFICATES_MAX) {
      reader.error("credentialNames", credentials.credentialNames().size() + " names", "at most 2");
    }
    if (credentials.certificates().size() > CERTIFICATES_MAX) {
      reader.error(
          "tlsCertificates", credentials.certificates().size() + " certificates", "at most 2");
    }
    if (!credentials.caCrl().isEmpty() && (secret || secrets || mode == Mode.SIMPLE)) {
      reader.error(
          "caCrl",
          '"' + credentials.caCrl() + '"',
          "none with mode SIMPLE or a secret, which holds it itself");
    }
    if (secret || secrets || list) {
      return;
    }
    reader.require("serverCertificate", "a file for mode " + mode + ", or credentialName");
    reader.require("privateKey", "a file for mode " + mode + ", or credentialName");
    if (mode != Mode.SIMPLE && credentials.caCertCredentialName().isEmpty()) {
      reader.require("caCertificates", "a file for mode " + mode + ", or credentialName");
    }
  }

  private static void forbid(ObjectReader reader, String field, String expected) {
    if (reader.has(field)) {
      reader.error(field, reader.written(field), expected);
    }
  }
}

package io.meltemi.proxy.telemetry;

import java.util.List;

/**
 * What TLS found out about one connection. Texts are empty and lists have no element where there is
 * nothing to tell, such as without a peer certificate. Computed at first use and kept; event loop
 * of the connection only.
 */
public interface TlsInfo {
  /** Such as {@code TLSv1.3}. */
  String version();

  /** In OpenSSL's words, such as {@code ECDHE-RSA-AES128-GCM-SHA256}. */
  String cipher();

  /** Of the key exchange, such as {@code X25519}; empty where the engine does not tell. */
  String group();

  /** SNI. */
  String serverName();

  /** ALPN. */
  String applicationProtocol();

  /** In hex. */
  String sessionId();

  /** Whether the peer showed a certificate. */
  boolean isPeerCertificatePresented();

  /** Whether the peer showed a certificate that was checked against trusted authorities. */
  boolean isPeerCertificateValidated();

  Certificate peer();

  /** What we showed; without names when it is not known. */
  Certificate local();

  /** The leaf and the chain that it came with. */
  interface Certificate {
    /** Without a certificate. */
    Certificate NONE = new NoCertificate();

    List<String> uriSans();

    List<String> dnsSans();

    List<String> ipSans();

    List<String> emailSans();

    /** RFC 2253, such as {@code CN=client,O=example}. */
    String subject();

    String issuer();

    /** In hex, without leading zeros. */
    String serial();

    /** SHA-256 of the DER form in hex. */
    String fingerprint256();

    /** SHA-1 of the DER form in hex. */
    String fingerprint1();

    /** As {@code 2026-01-31T10:00:00.000Z}. */
    String notBefore();

    String notAfter();

    /** The leaf in URL-encoded PEM. */
    String urlEncodedPem();

    /** The whole chain in URL-encoded PEM, the leaf first. */
    String urlEncodedPemChain();
  }

  /** Nothing to tell. */
  final class NoCertificate implements Certificate {
    private NoCertificate() {}

    @Override
    public List<String> uriSans() {
      return List.of();
    }

    @Override
    public List<String> dnsSans() {
      return List.of();
    }

    @Override
    public List<String> ipSans() {
      return List.of();
    }

    @Override
    public List<String> emailSans() {
      return List.of();
    }

    @Override
    public String subject() {
      return "";
    }

    @Override
    public String issuer() {
      return "";
    }

    @Override
    public String serial() {
      return "";
    }

    @Override
    public String fingerprint256() {
      return "";
    }

    @Override
    public String fingerprint1() {
      return "";
    }

    @Override
    public String notBefore() {
      return "";
    }

    @Override
    public String notAfter() {
      return "";
    }

    @Override
    public String urlEncodedPem() {
      return "";
    }

    @Override
    public String urlEncodedPemChain() {
      return "";
    }
  }
}

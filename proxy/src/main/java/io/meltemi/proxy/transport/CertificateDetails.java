package io.meltemi.proxy.transport;

import io.meltemi.common.pem.Pem;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** A certificate's parts as text, made when they are first asked for. One thread. */
final class CertificateDetails implements TlsInfo.Certificate {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** What OpenSSL writes by name where Java writes a number. */
  private static final Map<String, String> ATTRIBUTES =
      Map.of(
          "1.2.840.113549.1.9.1", "emailAddress",
          "2.5.4.5", "serialNumber",
          "2.5.4.12", "title",
          "2.5.4.4", "SN",
          "2.5.4.42", "GN");

  private final List<X509Certificate> chain;
  private final X509Certificate leaf;
  private @Nullable CertificateNames names;
  private @Nullable String subject;
  private @Nullable String fingerprint256;

  /**
   * @param chain the leaf first
   */
  CertificateDetails(List<X509Certificate> chain) {
    this.chain = List.copyOf(chain);
    this.leaf = chain.getFirst();
  }

  X509Certificate leaf() {
    return leaf;
  }

  private CertificateNames names() {
    CertificateNames known = names;
    if (known == null) {
      known = CertificateNames.of(leaf);
      names = known;
    }
    return known;
  }

  @Override
  public List<String> uriSans() {
    return names().uris();
  }

  @Override
  public List<String> dnsSans() {
    return names().dns();
  }

  @Override
  public List<String> ipSans() {
    return names().ips();
  }

  @Override
  public List<String> emailSans() {
    return names().emails();
  }

  @Override
  public String subject() {
    String known = subject;
    if (known == null) {
      known = name(leaf.getSubjectX500Principal());
      subject = known;
    }
    return known;
  }

  @Override
  public String issuer() {
    return name(leaf.getIssuerX500Principal());
  }

  static String name(X500Principal principal) {
    return principal.getName(X500Principal.RFC2253, ATTRIBUTES);
  }

  @Override
  public String serial() {
    return leaf.getSerialNumber().toString(16);
  }

  @Override
  public String fingerprint256() {
    String known = fingerprint256;
    if (known == null) {
      known = HexFormat.of().formatHex(PeerVerifier.sha256(der(leaf)));
      fingerprint256 = known;
    }
    return known;
  }

  @Override
  public String fingerprint1() {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(der(leaf)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String notBefore() {
    return TIME.format(leaf.getNotBefore().toInstant());
  }

  @Override
  public String notAfter() {
    return TIME.format(leaf.getNotAfter().toInstant());
  }

  @Override
  public String urlEncodedPem() {
    return encode(Pem.text("CERTIFICATE", der(leaf)));
  }

  @Override
  public String urlEncodedPemChain() {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : chain) {
      text.append(encode(Pem.text("CERTIFICATE", der(certificate))));
    }
    return text.toString();
  }

  /** As Envoy: spaces become %20. */
  private static String encode(String pem) {
    return URLEncoder.encode(pem, StandardCharsets.US_ASCII).replace("+", "%20");
  }
}

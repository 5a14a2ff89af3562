package io.meltemi.proxy.transport;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The certificates of one transport socket as they are now.
 *
 * @param authorities trusted ones
 * @param chain our own, the leaf of each first
 */
public record CertificatesInUse(List<Entry> authorities, List<Entry> chain) {
  public CertificatesInUse {
    authorities = List.copyOf(authorities);
    chain = List.copyOf(chain);
  }

  /**
   * @param path where it was read, or {@code <inline>}
   */
  public record Entry(String path, BigInteger serial, Names names, Instant from, Instant until) {
    static Entry of(String path, X509Certificate certificate) {
      CertificateNames names = CertificateNames.of(certificate);
      return new Entry(
          path,
          certificate.getSerialNumber(),
          new Names(names.dns(), names.uris(), names.ips()),
          certificate.getNotBefore().toInstant(),
          certificate.getNotAfter().toInstant());
    }
  }

  /** Subject alternative names. */
  public record Names(List<String> dns, List<String> uris, List<String> ips) {
    public Names {
      dns = List.copyOf(dns);
      uris = List.copyOf(uris);
      ips = List.copyOf(ips);
    }
  }

  static CertificatesInUse of(SecretSet secrets) {
    List<Entry> authorities = new ArrayList<>();
    List<Entry> chain = new ArrayList<>();
    for (SecretSlot slot : secrets.certificates()) {
      if (slot.get() instanceof Secret.KeyPair(TlsCertificate certificate)) {
        certificate.chain().forEach(each -> chain.add(Entry.of(certificate.path(), each)));
      }
    }
    ValidationSettings checks = secrets.defaults();
    for (SecretSlot slot : secrets.validation()) {
      if (slot.get() instanceof Secret.Validation(ValidationSettings settings)) {
        checks = checks.with(settings);
      }
    }
    String path = checks.authoritiesPath();
    checks.authorities().forEach(each -> authorities.add(Entry.of(path, each)));
    return new CertificatesInUse(authorities, chain);
  }
}

package io.meltemi.proxy.transport;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.transport.PeerRejectedException.Fault;
import io.meltemi.proxy.transport.PeerRejectedException.Reason;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks peers' certificates: the chain to a trusted authority (RFC 5280 section 6), the leaf's
 * purpose, its hash or its key's, and its names. A leaf whose chain held is remembered until the
 * first certificate of its chain expires, so that a caller that comes again costs no signature
 * checks. Any thread.
 *
 * <p>Differs from Envoy: the JDK's list of disabled algorithms holds, so chains signed with SHA-1
 * or MD5 are refused.
 */
final class PeerVerifier {
  /** How many leaves are remembered; all are forgotten when there are more. */
  private static final int REMEMBERED_MAX = 1024;

  private static final int LINKS_MAX = 8;
  private static final String SERVER_USE = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_USE = "1.3.6.1.5.5.7.3.2";

  private final ValidationSettings settings;
  private final boolean peerIsClient;
  private final Ticker ticker;
  private final Set<TrustAnchor> anchors;

  /** Leaves, and until when they are good in milliseconds since 1970. */
  private final ConcurrentHashMap<Fingerprint, Long> remembered = new ConcurrentHashMap<>();

  /** Bytes compared by value. */
  @SuppressWarnings("ArrayRecordComponent") // compared by value below
  private record Fingerprint(byte[] der) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Fingerprint(byte[] bytes) && Arrays.equals(der, bytes);
    }

    @Override
    public int hashCode() {
      // the signature at the end differs from certificate to certificate
      int hash = der.length;
      for (int i = Math.max(0, der.length - 32); i < der.length; i++) {
        hash = 31 * hash + der[i];
      }
      return hash;
    }
  }

  PeerVerifier(ValidationSettings settings, boolean peerIsClient, Ticker ticker) {
    this.settings = settings;
    this.peerIsClient = peerIsClient;
    this.ticker = ticker;
    this.anchors =
        settings.authorities().stream()
            .map(authority -> new TrustAnchor(authority, null))
            .collect(Collectors.toUnmodifiableSet());
  }

  ValidationSettings settings() {
    return settings;
  }

  /**
   * Accepts a chain, the leaf first.
   *
   * @throws PeerRejectedException naming the check that failed
   */
  void check(X509Certificate[] chain) throws CertificateException {
    if (chain.length == 0) {
      throw new PeerRejectedException(Reason.NO_CERTIFICATE, "no certificate");
    }
    if (settings.leniency().untrusted()) {
      return;
    }
    if (!settings.authorities().isEmpty()) {
      checkChain(chain);
    }
    checkHashes(chain[0]);
    if (!settings.names().isEmpty()) {
      checkNames(CertificateNames.of(chain[0]));
    }
  }

  private void checkNames(CertificateNames names) throws PeerRejectedException {
    for (SanMatcher matcher : settings.names()) {
      if (matcher.matches(names)) {
        return;
      }
    }
    throw new PeerRejectedException(
        Reason.SUBJECT_ALT_NAME, "SAN matcher, certificate SANs are " + names.all());
  }

  /**
   * Whether a leaf has one of some names, as DNS, URI or IP address.
   *
   * @throws PeerRejectedException when it has none of them
   */
  static void checkNames(X509Certificate leaf, List<String> wanted) throws PeerRejectedException {
    CertificateNames names = CertificateNames.of(leaf);
    for (String name : wanted) {
      if (names.uris().contains(name)
          || names.ips().contains(name)
          || names.dns().stream().anyMatch(dns -> SanMatcher.dnsMatches(name, dns))) {
        return;
      }
    }
    throw new PeerRejectedException(
        Reason.SUBJECT_ALT_NAME, "verify SAN list: " + String.join(",", wanted));
  }

  private void checkHashes(X509Certificate leaf) throws CertificateException {
    if (settings.hashes().isEmpty() && settings.keyHashes().isEmpty()) {
      return;
    }
    boolean known =
        settings.hashes().contains(HexFormat.of().formatHex(sha256(leaf.getEncoded())))
            || settings
                .keyHashes()
                .contains(
                    Base64.getEncoder().encodeToString(sha256(leaf.getPublicKey().getEncoded())));
    if (!known) {
      throw new PeerRejectedException(Reason.HASH, "cert hash and spki");
    }
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void checkChain(X509Certificate[] chain) throws CertificateException {
    Fingerprint leaf = new Fingerprint(chain[0].getEncoded());
    long now = ticker.now().toEpochMilli();
    Long until = remembered.get(leaf);
    if (until != null && now <= until) {
      return;
    }
    long good = validate(chain, now);
    if (remembered.size() >= REMEMBERED_MAX) {
      remembered.clear();
    }
    remembered.put(leaf, good);
  }

  /** When the first certificate of the accepted path expires, in milliseconds since 1970. */
  private long validate(X509Certificate[] chain, long now) throws CertificateException {
    // parsed by the JDK: the engines' own certificates are not what PKIX expects
    X509Certificate[] parsed = reparse(chain);
    checkPurpose(parsed[0]);
    if (settings.authorities().contains(parsed[0])) {
      checkTime(parsed[0], now);
      return limit(List.of(parsed[0]), null);
    }
    try {
      PKIXCertPathBuilderResult result = build(parsed, now);
      return limit(
          result.getCertPath().getCertificates(), result.getTrustAnchor().getTrustedCert());
    } catch (GeneralSecurityException e) {
      PeerRejectedException rejected = rejected(e);
      if (rejected.fault() == Fault.NO_ISSUER) {
        checkTimes(parsed);
      }
      throw rejected;
    }
  }

  /**
   * PKIX does not say that it left a certificate out because of its time: a leaf that leads to an
   * authority, were it not for that, is refused for its time.
   */
  private void checkTimes(X509Certificate[] chain) throws PeerRejectedException {
    List<X509Certificate> known = new ArrayList<>(settings.authorities());
    known.addAll(Arrays.asList(chain));
    long now = ticker.now().toEpochMilli();
    X509Certificate at = chain[0];
    PeerRejectedException outOfTime = null;
    for (int depth = 0; depth < LINKS_MAX; depth++) {
      try {
        checkTime(at, now);
      } catch (PeerRejectedException e) {
        outOfTime = e;
      }
      if (settings.authorities().contains(at)) {
        if (outOfTime != null) {
          throw outOfTime;
        }
        return;
      }
      X509Certificate issuer = issuer(at, known);
      if (issuer == null) {
        return;
      }
      at = issuer;
    }
  }

  private static @Nullable X509Certificate issuer(
      X509Certificate certificate, List<X509Certificate> known) {
    for (X509Certificate candidate : known) {
      if (candidate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
        try {
          certificate.verify(candidate.getPublicKey());
          return candidate;
        } catch (GeneralSecurityException e) {
          // another one of that name
        }
      }
    }
    return null;
  }

  private static X509Certificate[] reparse(X509Certificate[] chain) throws CertificateException {
    java.security.cert.CertificateFactory factory =
        java.security.cert.CertificateFactory.getInstance("X.509");
    X509Certificate[] parsed = new X509Certificate[chain.length];
    for (int i = 0; i < chain.length; i++) {
      parsed[i] =
          (X509Certificate)
              factory.generateCertificate(new java.io.ByteArrayInputStream(chain[i].getEncoded()));
    }
    return parsed;
  }

  private void checkTime(X509Certificate leaf, long now) throws PeerRejectedException {
    if (!settings.leniency().expired()) {
      if (now > leaf.getNotAfter().toInstant().toEpochMilli()) {
        throw new PeerRejectedException(Fault.EXPIRED);
      }
      if (now < leaf.getNotBefore().toInstant().toEpochMilli()) {
        throw new PeerRejectedException(Fault.NOT_YET_VALID);
      }
    }
  }

  private long limit(Collection<? extends Certificate> path, @Nullable X509Certificate anchor) {
    if (settings.leniency().expired()) {
      return Long.MAX_VALUE;
    }
    long good = anchor == null ? Long.MAX_VALUE : anchor.getNotAfter().toInstant().toEpochMilli();
    for (Certificate certificate : path) {
      good =
          Math.min(good, ((X509Certificate) certificate).getNotAfter().toInstant().toEpochMilli());
    }
    return good;
  }

  private PKIXCertPathBuilderResult build(X509Certificate[] chain, long now)
      throws GeneralSecurityException {
    X509CertSelector target = new X509CertSelector();
    target.setCertificate(chain[0]);
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
    parameters.setRevocationEnabled(false);
    parameters.setMaxPathLength(settings.leniency().authoritiesMax());
    parameters.setDate(
        Date.from(Instant.ofEpochMilli(settings.leniency().expired() ? common(chain) : now)));
    Collection<Object> store = new HashSet<>(Arrays.asList(chain));
    if (!settings.revocation().lists().isEmpty()) {
      store.addAll(settings.revocation().lists());
      revocation(parameters);
    }
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(store)));
    PKIXCertPathBuilderResult result =
        (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
    X509Certificate anchor = result.getTrustAnchor().getTrustedCert();
    if (anchor != null && !settings.leniency().expired()) {
      // PKIX does not look at the time of what is trusted
      checkTime(anchor, now);
    }
    return result;
  }

  private void revocation(PKIXBuilderParameters parameters) throws GeneralSecurityException {
    PKIXRevocationChecker checker =
        (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
    EnumSet<PKIXRevocationChecker.Option> options =
        EnumSet.of(
            PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK);
    if (settings.revocation().leafOnly()) {
      options.add(PKIXRevocationChecker.Option.ONLY_END_ENTITY);
    }
    checker.setOptions(options);
    parameters.addCertPathChecker(checker);
  }

  /** A moment at which as much of the chain as possible is in its time. */
  private static long common(X509Certificate[] chain) {
    long from = Long.MIN_VALUE;
    for (X509Certificate certificate : chain) {
      from = Math.max(from, certificate.getNotBefore().toInstant().toEpochMilli());
    }
    return from;
  }

  private void checkPurpose(X509Certificate leaf) throws PeerRejectedException {
    try {
      List<String> uses = leaf.getExtendedKeyUsage();
      if (uses != null && !uses.contains(peerIsClient ? CLIENT_USE : SERVER_USE)) {
        throw new PeerRejectedException(Fault.PURPOSE);
      }
    } catch (CertificateParsingException e) {
      throw new PeerRejectedException(Fault.PURPOSE);
    }
  }

  private static PeerRejectedException rejected(GeneralSecurityException failure) {
    if (failure instanceof PeerRejectedException known) {
      return known;
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertPathValidatorException at
          && at.getReason() instanceof CertPathValidatorException.BasicReason reason) {
        Fault fault =
            switch (reason) {
              case EXPIRED -> Fault.EXPIRED;
              case NOT_YET_VALID -> Fault.NOT_YET_VALID;
              case REVOKED -> Fault.REVOKED;
              case UNDETERMINED_REVOCATION_STATUS -> Fault.NO_REVOCATION_LIST;
              case INVALID_SIGNATURE -> Fault.SIGNATURE;
              case ALGORITHM_CONSTRAINED -> Fault.REJECTED;
              case UNSPECIFIED -> Fault.NO_ISSUER;
            };
        if (fault != Fault.NO_ISSUER) {
          return new PeerRejectedException(fault);
        }
      }
    }
    return new PeerRejectedException(Fault.NO_ISSUER);
  }
}

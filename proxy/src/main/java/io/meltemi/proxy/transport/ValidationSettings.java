package io.meltemi.proxy.transport;

import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a peer's certificate must be like ({@code CertificateValidationContext}).
 *
 * @param authorities trusted certificates; empty to trust no chain
 * @param authoritiesPath where they come from, for {@code /certs}
 * @param names of which the leaf must match one; empty for any name
 * @param hashes SHA-256 of leaves in lower-case hex, of which one must fit, or a key's
 * @param keyHashes SHA-256 of a leaf's key in Base64
 */
record ValidationSettings(
    List<X509Certificate> authorities,
    String authoritiesPath,
    List<SanMatcher> names,
    Set<String> hashes,
    Set<String> keyHashes,
    Revocation revocation,
    Leniency leniency) {
  /** Nothing is checked. */
  static final ValidationSettings NONE =
      new ValidationSettings(
          List.of(),
          "",
          List.of(),
          Set.of(),
          Set.of(),
          new Revocation(List.of(), false),
          new Leniency(false, false, 100));

  ValidationSettings {
    authorities = List.copyOf(authorities);
    names = List.copyOf(names);
    hashes = Set.copyOf(hashes);
    keyHashes = Set.copyOf(keyHashes);
  }

  /**
   * @param leafOnly whether authorities may be revoked
   */
  record Revocation(List<X509CRL> lists, boolean leafOnly) {
    Revocation {
      lists = List.copyOf(lists);
    }
  }

  /**
   * @param expired whether a certificate may be out of its time
   * @param untrusted whether a connection goes on with a certificate that no authority vouches for
   * @param authoritiesMax how many authorities may stand between the leaf and a trusted one
   */
  record Leniency(boolean expired, boolean untrusted, int authoritiesMax) {}

  /** Whether peers are asked for a certificate at all. */
  boolean isAnythingChecked() {
    return !authorities.isEmpty() || !names.isEmpty() || !hashes.isEmpty() || !keyHashes.isEmpty();
  }

  /** These with another context over them, as protobuf merges messages. */
  ValidationSettings with(ValidationSettings over) {
    return new ValidationSettings(
        over.authorities.isEmpty() ? authorities : over.authorities,
        over.authorities.isEmpty() ? authoritiesPath : over.authoritiesPath,
        joined(names, over.names),
        joined(hashes, over.hashes),
        joined(keyHashes, over.keyHashes),
        new Revocation(
            over.revocation.lists.isEmpty() ? revocation.lists : over.revocation.lists,
            revocation.leafOnly || over.revocation.leafOnly),
        new Leniency(
            leniency.expired || over.leniency.expired,
            leniency.untrusted || over.leniency.untrusted,
            over.leniency.authoritiesMax == NONE.leniency.authoritiesMax
                ? leniency.authoritiesMax
                : over.leniency.authoritiesMax));
  }

  private static List<SanMatcher> joined(List<SanMatcher> first, List<SanMatcher> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static Set<String> joined(Set<String> first, Set<String> second) {
    return Stream.concat(first.stream(), second.stream()).collect(Collectors.toSet());
  }
}

package io.meltemi.proxy.transport;

import io.meltemi.proxy.matcher.StringMatcher;
import java.util.List;
import java.util.Locale;

/**
 * One {@code SubjectAltNameMatcher}: does a certificate have a name like that? An exact DNS matcher
 * also takes a wildcard name of the certificate, for one whole label at the left (RFC 6125), as
 * Envoy does.
 *
 * @param exactDns the name of an exact DNS matcher; else empty
 * @param oid of an other name; else empty
 */
record SanMatcher(Type type, StringMatcher matcher, String exactDns, String oid) {
  /** Which kind of name. */
  enum Type {
    EMAIL,
    DNS,
    URI,
    IP_ADDRESS,
    OTHER_NAME
  }

  boolean matches(CertificateNames names) {
    return switch (type) {
      case EMAIL -> any(names.emails());
      case URI -> any(names.uris());
      case IP_ADDRESS -> any(names.ips());
      case DNS -> anyDns(names.dns());
      case OTHER_NAME ->
          names.otherNames().stream()
              .anyMatch(name -> name.oid().equals(oid) && matcher.matches(name.value()));
    };
  }

  private boolean any(List<String> candidates) {
    for (String candidate : candidates) {
      if (matcher.matches(candidate)) {
        return true;
      }
    }
    return false;
  }

  private boolean anyDns(List<String> candidates) {
    for (String candidate : candidates) {
      if (exactDns.isEmpty() ? matcher.matches(candidate) : dnsMatches(exactDns, candidate)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a certificate's DNS name, which may begin with a wildcard, covers a name. */
  static boolean dnsMatches(String name, String pattern) {
    String wanted = name.toLowerCase(Locale.ROOT);
    String given = pattern.toLowerCase(Locale.ROOT);
    if (given.equals(wanted)) {
      return true;
    }
    if (!given.startsWith("*.") || given.indexOf('*', 1) >= 0) {
      return false;
    }
    int dot = wanted.indexOf('.');
    return dot > 0 && wanted.substring(dot).equals(given.substring(1));
  }
}

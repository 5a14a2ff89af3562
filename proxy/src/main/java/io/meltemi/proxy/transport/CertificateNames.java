package io.meltemi.proxy.transport;

import io.meltemi.common.pem.Der;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * The subject alternative names of a certificate (RFC 5280 section 4.2.1.6).
 *
 * @param otherNames each with the identifier of its type
 */
record CertificateNames(
    List<String> uris,
    List<String> dns,
    List<String> ips,
    List<String> emails,
    List<OtherName> otherNames) {
  static final CertificateNames NONE =
      new CertificateNames(List.of(), List.of(), List.of(), List.of(), List.of());
  private static final int OTHER = 0;
  private static final int EMAIL = 1;
  private static final int DNS = 2;
  private static final int URI = 6;
  private static final int IP = 7;

  CertificateNames {
    uris = List.copyOf(uris);
    dns = List.copyOf(dns);
    ips = List.copyOf(ips);
    emails = List.copyOf(emails);
    otherNames = List.copyOf(otherNames);
  }

  /** A name of a type that an object identifier tells. */
  record OtherName(String oid, String value) {}

  /** Every name that is a text, for messages. */
  List<String> all() {
    return Stream.of(dns, uris, emails, ips).flatMap(List::stream).toList();
  }

  /** Malformed names count as none: nothing may match them. */
  static CertificateNames of(X509Certificate certificate) {
    List<String> uris = new ArrayList<>(1);
    List<String> dns = new ArrayList<>(1);
    List<String> ips = new ArrayList<>(0);
    List<String> emails = new ArrayList<>(0);
    List<OtherName> others = new ArrayList<>(0);
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names == null) {
        return NONE;
      }
      for (List<?> name : names) {
        Object value = name.get(1);
        switch ((Integer) name.get(0)) {
          case EMAIL -> emails.add((String) value);
          case DNS -> dns.add((String) value);
          case URI -> uris.add((String) value);
          case IP -> ips.add(ip((String) value));
          case OTHER -> {
            if (value instanceof byte[] der) {
              other(der, others);
            }
          }
          default -> {}
        }
      }
    } catch (CertificateParsingException e) {
      return NONE;
    }
    return new CertificateNames(uris, dns, ips, emails, others);
  }

  /** In the one form that addresses are written in here, IPv6 shortened. */
  private static String ip(String text) {
    InetAddress address = NetUtil.createInetAddressFromIpAddressString(text);
    return address == null ? text : NetUtil.toAddressString(address);
  }

  /** OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT }, implicitly or explicitly tagged. */
  private static void other(byte[] der, List<OtherName> others) {
    try {
      List<Der.Value> parts = Der.all(new Der(der).next().content());
      if (parts.size() == 2 && parts.get(0).tag() == 0x06 && parts.get(1).tag() == 0xA0) {
        Der.Value value = new Der(parts.get(1).content()).next();
        others.add(
            new OtherName(
                Der.oid(parts.get(0).content()),
                new String(value.content(), StandardCharsets.UTF_8)));
      }
    } catch (IllegalArgumentException e) {
      // a name that nothing can match
    }
  }
}

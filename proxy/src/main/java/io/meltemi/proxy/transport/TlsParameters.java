package io.meltemi.proxy.transport;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Versions, ciphers and curves.
 *
 * @param ciphers up to TLS 1.2, in OpenSSL's words; those of TLS 1.3 are always all offered, as
 *     BoringSSL has it
 * @param curves in BoringSSL's words, the preferred first
 */
record TlsParameters(Version min, Version max, List<String> ciphers, List<String> curves) {
  static final List<String> CIPHERS_DEFAULT =
      List.of(
          "ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-CHACHA20-POLY1305",
          "ECDHE-RSA-AES128-GCM-SHA256",
          "ECDHE-RSA-CHACHA20-POLY1305",
          "ECDHE-ECDSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES256-GCM-SHA384");
  static final List<String> CURVES_DEFAULT = List.of("X25519MLKEM768", "X25519", "P-256");
  private static final List<String> TLS13 =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  /** OpenSSL's name to the standard's. */
  private static final Map<String, String> STANDARD_NAMES =
      Map.ofEntries(
          Map.entry("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
          Map.entry("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
          Map.entry("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
          Map.entry("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
          Map.entry(
              "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
          Map.entry("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
          Map.entry("ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
          Map.entry("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
          Map.entry("ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
          Map.entry("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
          Map.entry("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
          Map.entry("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
          Map.entry("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
          Map.entry("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"));

  private static final Map<String, String> OPENSSL_NAMES = reversed();

  /** BoringSSL's name to the JDK's. */
  private static final Map<String, String> JDK_CURVES =
      Map.of(
          "X25519", "x25519",
          "P-256", "secp256r1",
          "P-384", "secp384r1",
          "P-521", "secp521r1",
          "X25519MLKEM768", "X25519MLKEM768");

  TlsParameters {
    ciphers = List.copyOf(ciphers);
    curves = List.copyOf(curves);
  }

  /** A version of the protocol. */
  enum Version {
    TLS1_0("TLSv1"),
    TLS1_1("TLSv1.1"),
    TLS1_2("TLSv1.2"),
    TLS1_3("TLSv1.3");

    private final String text;

    Version(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  private static Map<String, String> reversed() {
    Map<String, String> reversed = new HashMap<>();
    STANDARD_NAMES.forEach((openSsl, standard) -> reversed.put(standard, openSsl));
    return Map.copyOf(reversed);
  }

  /** OpenSSL's name of a cipher by either name; the text itself when it is not one we know. */
  static String openSslName(String cipher) {
    return OPENSSL_NAMES.getOrDefault(cipher, cipher);
  }

  /** Whether it can be chosen by configuration; either name will do. */
  static boolean isKnownCipher(String cipher) {
    return STANDARD_NAMES.containsKey(openSslName(cipher));
  }

  static boolean isKnownCurve(String curve) {
    return JDK_CURVES.containsKey(curve);
  }

  static List<String> knownCurves() {
    return JDK_CURVES.keySet().stream().sorted().toList();
  }

  String[] protocols() {
    List<String> protocols = new ArrayList<>();
    for (Version version : Version.values()) {
      if (version.compareTo(min) >= 0 && version.compareTo(max) <= 0) {
        protocols.add(version.text());
      }
    }
    return protocols.toArray(String[]::new);
  }

  /** By their standard names, TLS 1.3's included where it is spoken. */
  List<String> standardCiphers() {
    List<String> names = new ArrayList<>();
    if (max == Version.TLS1_3) {
      names.addAll(TLS13);
    }
    for (String cipher : ciphers) {
      names.add(STANDARD_NAMES.getOrDefault(cipher, cipher));
    }
    return names;
  }

  String[] jdkCurves() {
    return curves.stream()
        .map(curve -> JDK_CURVES.getOrDefault(curve, curve))
        .toArray(String[]::new);
  }
}

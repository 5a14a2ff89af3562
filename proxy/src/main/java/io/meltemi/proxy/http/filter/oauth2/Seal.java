package io.meltemi.proxy.http.filter.oauth2;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What makes cookies that only who knows the secret can make or read, in Envoy's formats. Texts are
 * bytes of ISO 8859-1. Any thread.
 */
final class Seal {
  private static final String HMAC = "HmacSHA256";
  private static final String CIPHER = "AES/CBC/PKCS5Padding";
  private static final int IV_BYTES = 16;
  private static final int VERIFIER_BYTES = 32;
  private static final int FLOW_BYTES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

  private final byte[] secret;

  Seal(byte[] secret) {
    this.secret = secret;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private byte[] hmac(String message) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(secret.length == 0 ? new byte[1] : secret, HMAC));
      return mac.doFinal(bytes(message));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  /** A tag of the message. */
  String tag(String message) {
    return Base64.getEncoder().encodeToString(hmac(message));
  }

  /** Whether it is the message's tag, in either form that Envoy knows. */
  boolean isTag(String tag, String message) {
    byte[] found = hmac(message);
    String hex = Base64.getEncoder().encodeToString(bytes(HexFormat.of().formatHex(found)));
    return areEqual(Base64.getEncoder().encodeToString(found), tag) || areEqual(hex, tag);
  }

  /** Takes the same time wherever they differ. */
  static boolean areEqual(String a, String b) {
    return MessageDigest.isEqual(bytes(a), bytes(b));
  }

  /** The name of a flow and what proves that it began here. */
  record Nonce(String flow, String token) {}

  Nonce newNonce() {
    byte[] random = new byte[FLOW_BYTES];
    RANDOM.nextBytes(random);
    String flow = HexFormat.of().formatHex(random);
    return new Nonce(flow, flow + "." + tag(flow));
  }

  boolean isNonce(String token) {
    int dot = token.indexOf('.');
    return dot >= 0 && areEqual(tag(token.substring(0, dot)), token.substring(dot + 1));
  }

  static String newVerifier() {
    byte[] random = new byte[VERIFIER_BYTES];
    RANDOM.nextBytes(random);
    return URL.encodeToString(random);
  }

  static String challenge(String verifier) {
    return URL.encodeToString(sha256(bytes(verifier)));
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  static String encoded(String text) {
    return URL.encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Empty when it is no base64url without padding. */
  static byte[] decoded(String text) {
    if (text.endsWith("=")) {
      return new byte[0];
    }
    try {
      return Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }

  String encrypt(String plain) {
    byte[] iv = new byte[IV_BYTES];
    RANDOM.nextBytes(iv);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, iv).doFinal(bytes(plain));
      byte[] both = Arrays.copyOf(iv, IV_BYTES + sealed.length);
      System.arraycopy(sealed, 0, both, IV_BYTES, sealed.length);
      return URL.encodeToString(both);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  /** Null when it was not encrypted here, or not with this secret. */
  @Nullable String decrypt(String sealed) {
    byte[] both = decoded(sealed);
    if (both.length <= IV_BYTES) {
      return null;
    }
    try {
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(both, IV_BYTES));
      String plain = text(cipher.doFinal(both, IV_BYTES, both.length - IV_BYTES));
      // wrong padding is right by chance at times
      return plain.chars().allMatch(c -> c == '\t' || (c >= ' ' && c != 0x7F)) ? plain : null;
    } catch (GeneralSecurityException e) {
      return null;
    }
  }

  private Cipher cipher(int mode, byte[] iv) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(CIPHER);
    cipher.init(mode, new SecretKeySpec(sha256(secret), "AES"), new IvParameterSpec(iv));
    return cipher;
  }
}

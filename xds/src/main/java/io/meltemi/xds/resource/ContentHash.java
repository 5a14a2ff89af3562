package io.meltemi.xds.resource;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/** A short text that stands for bytes: the first 96 bits of their SHA-256, as 16 characters. */
public final class ContentHash {
  private static final int HASH_BYTES = 12;

  private ContentHash() {}

  public static String of(ByteString bytes) {
    MessageDigest digest = sha256();
    bytes.asReadOnlyByteBufferList().forEach(digest::update);
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Arrays.copyOf(digest.digest(), HASH_BYTES));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}

package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class XxHash64Test {
  @ParameterizedTest
  @CsvSource({
    "'', ef46db3751d8e999",
    "a, d24ec4f1a98c6e5b",
    "abc, 44bc2cf5ad770999",
    "Nobody inspects the spammish repetition, fbcea83c8a378bf1",
  })
  void isTheReferencesHash(String text, String hash) {
    assertEquals(hash, Long.toHexString(XxHash64.hash(text)));
  }

  @Test
  void readsOnlyItsPart() {
    byte[] bytes = "xxabcxx".getBytes(StandardCharsets.US_ASCII);
    assertEquals(XxHash64.hash("abc"), XxHash64.hash(bytes, 2, 3, 0));
    assertNotEquals(XxHash64.hash("abc"), XxHash64.hash(bytes, 2, 3, 1));
  }
}

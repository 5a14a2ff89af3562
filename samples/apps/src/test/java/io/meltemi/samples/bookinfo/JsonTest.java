package io.meltemi.samples.bookinfo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void whatIsReadIsWrittenTheSame() {
    String text = "{\"a\":[1,-2.5,true,null,\"x\\n\\\"\"],\"b\":{}}";
    assertEquals(text, Json.write(Json.parse(text)));
  }

  @Test
  void escapesAreRead() {
    assertEquals("é/\t", Json.parse(" \"\\u00e9\\/\\t\" "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[1,",
        "\"open",
        "\"\\u12",
        "\"\\uzzzz\"",
        "\"\\q\"",
        "tru",
        "1 2",
        "{1:2}",
        "--1",
        "[1}"
      })
  void brokenTextIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Json.parse(text));
  }

  @Test
  void depthIsBounded() {
    assertThrows(IllegalArgumentException.class, () -> Json.parse("[".repeat(100_000)));
  }
}

package io.meltemi.config.kind.secret;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import org.junit.jupiter.api.Test;

class SecretTest {
  private static Decoded decode(String text) {
    YamlReader.Result read = YamlReader.read(text, "secret.yaml", YamlLimits.DEFAULT);
    return new ResourceDecoder(Kinds.ALL).decode(read.documents().getFirst()).getFirst();
  }

  @Test
  void readsBothSpellingsOfAValueAndShowsNone() {
    Decoded decoded =
        decode(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: pair}
            data: {a: c2VzYW1l}
            stringData: {b: open}
            """);
    Decoded.Accepted accepted = assertInstanceOf(Decoded.Accepted.class, decoded);
    Secret secret = assertInstanceOf(Secret.class, accepted.resource().spec());
    assertEquals("sesame", secret.value("a").orElseThrow().text());
    assertEquals("open", secret.value("b").orElseThrow().text());
    assertEquals("Opaque", secret.type());
    assertFalse(accepted.toString().contains("sesame"), accepted.toString());
    assertFalse(accepted.toString().contains("open"), accepted.toString());
  }

  @Test
  void doesNotRepeatAValueThatItRefuses() {
    Decoded decoded =
        decode(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: pair}
            data: {a: "sesame!", b: [sesame], c: 4711}
            """);
    assertInstanceOf(Decoded.Rejected.class, decoded);
    assertFalse(decoded.toString().contains("sesame"), decoded.toString());
  }
}

package io.meltemi.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDirectoryTest {
  @TempDir private Path parent = Path.of("");

  @Test
  void runInUseMakesTheNextOneGoElsewhere() throws Exception {
    Path manifests = Path.of("/some/shop");
    Path first;
    try (StateDirectory one = StateDirectory.open(parent, manifests)) {
      first = one.path();
      try (StateDirectory two = StateDirectory.open(parent, manifests)) {
        assertNotEquals(first, two.path());
      }
    }
    try (StateDirectory again = StateDirectory.open(parent, manifests)) {
      assertEquals(first, again.path());
    }
  }
}

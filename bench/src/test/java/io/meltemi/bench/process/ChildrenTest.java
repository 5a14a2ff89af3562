package io.meltemi.bench.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildrenTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void closingEndsAllAndNoneIsStartedAfterwards() throws IOException {
    Children children = new Children(directory);
    Child first = children.start("first", List.of("sleep", "600"));
    Child second = children.pipe("second", List.of("sleep", "600"));
    assertTrue(first.isAlive() && second.isAlive());

    children.close();

    assertFalse(first.isAlive());
    assertFalse(second.isAlive());
    assertThrows(IOException.class, () -> children.start("third", List.of("sleep", "600")));
    assertThrows(IOException.class, () -> children.pipe("third", List.of("sleep", "600")));
  }

  @Test
  void outputIsKeptAndTimeCounted() throws Exception {
    try (Children children = new Children(directory)) {
      Child child = children.start("echo", List.of("sh", "-c", "echo out; echo err >&2; exit 3"));

      assertEquals(3, child.process().waitFor());

      assertEquals("out\nerr\n", child.output());
      assertTrue(children.cpu().total() > 0, "this JVM has used some");
    }
  }

  @Test
  void aProcessThatIsNoJvmCompilesNothing() throws IOException {
    try (Children children = new Children(directory)) {
      Child child = children.start("sleep", List.of("sleep", "600"));

      assertEquals(CpuTime.ZERO, child.compilerCpu());
    }
  }
}

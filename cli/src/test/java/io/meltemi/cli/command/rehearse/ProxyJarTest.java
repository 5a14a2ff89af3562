package io.meltemi.cli.command.rehearse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProxyJarTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void firstOfANameWinsAndServicesAreJoined() throws IOException {
    jar(
        "a.jar",
        Map.of("A.class", type("First"), "META-INF/services/S", text("one"), "m.proto", text("p")));
    jar(
        "b.jar",
        Map.of("A.class", type("Second"), "META-INF/services/S", text("two"), "b.txt", text("b")));
    jar("meltemi-controlplane-1.jar", Map.of("C.class", type("C")));
    jar("c.jar", Map.of("META-INF/versions/9/A.class", type("V"), "module-info.class", text("m")));
    Map<String, byte[]> merged = merge();
    assertEquals(
        new TreeSet<>(Set.of("A.class", "META-INF/MANIFEST.MF", "META-INF/services/S", "b.txt")),
        merged.keySet());
    assertArrayEquals(type("First"), merged.get("A.class"));
    assertArrayEquals(text("one\ntwo\n"), merged.get("META-INF/services/S"));
  }

  @Test
  void generatedMessagesAreTakenWhenSomethingRefersToThem() throws IOException {
    jar("own.jar", Map.of("io/meltemi/A.class", type("io.envoyproxy.Wanted")));
    jar(
        "api.jar",
        Map.of(
            "io/envoyproxy/Wanted.class", type("io.envoyproxy.Next"),
            "io/envoyproxy/Next.class", type("io.envoyproxy.Missing"),
            "io/envoyproxy/Unwanted.class", type("io.envoyproxy.Next")));
    assertEquals(
        new TreeSet<>(
            Set.of(
                "META-INF/MANIFEST.MF",
                "io/envoyproxy/Next.class",
                "io/envoyproxy/Wanted.class",
                "io/meltemi/A.class")),
        merge().keySet());
  }

  /** A class that has a superclass of this name. */
  private static byte[] type(String superclass) {
    return ClassFile.of()
        .build(ClassDesc.of("A"), builder -> builder.withSuperclass(ClassDesc.of(superclass)));
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void jar(String name, Map<String, byte[]> entries) throws IOException {
    try (ZipOutputStream out =
        new ZipOutputStream(Files.newOutputStream(directory.resolve(name)))) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        out.putNextEntry(new ZipEntry(entry.getKey()));
        out.write(entry.getValue());
      }
    }
  }

  private Map<String, byte[]> merge() throws IOException {
    Path merged = directory.resolve("merged");
    ProxyJar.write(directory, merged);
    Map<String, byte[]> content = new TreeMap<>();
    try (ZipFile file = new ZipFile(merged.toFile())) {
      for (ZipEntry entry : file.stream().map(ZipEntry.class::cast).toList()) {
        content.put(entry.getName(), file.getInputStream(entry).readAllBytes());
      }
    }
    return content;
  }
}

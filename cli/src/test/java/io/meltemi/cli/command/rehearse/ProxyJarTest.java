package io.meltemi.cli.command.rehearse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProxyJarTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void firstOfANameWinsAndServicesAreJoined() throws IOException {
    jar("a.jar", Map.of("x/A.class", "first", "META-INF/services/S", "one", "m.proto", "p"));
    jar("b.jar", Map.of("x/A.class", "second", "META-INF/services/S", "two", "B.class", "b"));
    jar("meltemi-controlplane-1.jar", Map.of("C.class", "c"));
    jar("c.jar", Map.of("META-INF/versions/9/A.class", "v", "module-info.class", "m"));
    Path merged = Files.createTempFile("merged", ".jar");
    ProxyJar.write(directory, merged);
    Map<String, String> expected =
        Map.of(
            "B.class", "b",
            "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n",
            "META-INF/services/S", "one\ntwo\n",
            "x/A.class", "first");
    assertEquals(new TreeMap<>(expected), content(merged));
    Files.delete(merged);
  }

  private void jar(String name, Map<String, String> entries) throws IOException {
    try (ZipOutputStream out =
        new ZipOutputStream(Files.newOutputStream(directory.resolve(name)))) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        out.putNextEntry(new ZipEntry(entry.getKey()));
        out.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private static Map<String, String> content(Path jar) throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (ZipFile file = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : file.stream().map(ZipEntry.class::cast).toList()) {
        content.put(
            entry.getName(),
            new String(file.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return content;
  }
}

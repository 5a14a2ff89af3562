package io.meltemi.cli.command.rehearse;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * One jar instead of sixty. Each look for a service or a missing class opens every jar of the class
 * path, and a proxy's start has several such looks: they cost it more than reading its bootstrap.
 */
final class ProxyJar {
  private static final String SERVICES = "META-INF/services/";

  /** Modules and libraries that no proxy uses, by the beginning of their jar's name. */
  private static final List<String> LEFT_OUT =
      List.of(
          "meltemi-config-",
          "meltemi-controlplane-",
          "meltemi-embedded-",
          "grpc-inprocess-",
          "prometheus-",
          "snakeyaml-");

  /** Envoy's second API, gone for years; nothing of the third refers to it. */
  private static final List<String> FOLDERS_LEFT_OUT =
      List.of("io/envoyproxy/envoy/api/", "dev/cel/expr/conformance/", "META-INF/versions/");

  private final Map<String, List<byte[]>> services = new LinkedHashMap<>();
  private final Set<String> written = new HashSet<>();

  /** Merges the jars of a directory. */
  static void write(Path directory, Path target) throws IOException {
    List<Path> jars;
    try (Stream<Path> files = Files.list(directory)) {
      jars = files.filter(ProxyJar::isWanted).sorted().toList();
    }
    new ProxyJar().merge(jars, target);
  }

  private static boolean isWanted(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".jar") && LEFT_OUT.stream().noneMatch(name::startsWith);
  }

  private void merge(List<Path> jars, Path target) throws IOException {
    try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(target));
        ZipOutputStream out = new ZipOutputStream(file)) {
      out.setLevel(Deflater.BEST_SPEED);
      put(
          out,
          "META-INF/MANIFEST.MF",
          "Manifest-Version: 1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      for (Path jar : jars) {
        try (ZipFile in = new ZipFile(jar.toFile())) {
          add(in, out);
        }
      }
      for (Map.Entry<String, List<byte[]>> service : services.entrySet()) {
        out.putNextEntry(new ZipEntry(service.getKey()));
        for (byte[] part : service.getValue()) {
          out.write(part);
          out.write('\n');
        }
      }
    }
  }

  private void add(ZipFile in, ZipOutputStream out) throws IOException {
    for (Enumeration<? extends ZipEntry> entries = in.entries(); entries.hasMoreElements(); ) {
      ZipEntry entry = entries.nextElement();
      String name = entry.getName();
      if (entry.isDirectory()
          || name.endsWith(".proto")
          || name.endsWith("module-info.class")
          || name.endsWith(".SF")
          || name.endsWith(".RSA")
          || FOLDERS_LEFT_OUT.stream().anyMatch(name::startsWith)) {
        continue;
      }
      byte[] content = in.getInputStream(entry).readAllBytes();
      if (name.startsWith(SERVICES)) {
        services.computeIfAbsent(name, _ -> new ArrayList<>()).add(content);
      } else {
        put(out, name, content);
      }
    }
  }

  /** The first of a name wins, as on a class path. */
  private void put(ZipOutputStream out, String name, byte[] content) throws IOException {
    if (written.add(name)) {
      out.putNextEntry(new ZipEntry(name));
      out.write(content);
    }
  }
}

package io.meltemi.cli.command.rehearse;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Enumeration;
import java.util.HashMap;
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

  /**
   * Where only classes that another class refers to are taken: generated messages, of which a proxy
   * has a tenth, and a library of everything. Nothing there is looked up by name.
   */
  private static final List<String> ON_DEMAND =
      List.of(
          "com/github/xds/",
          "com/google/api/",
          "com/google/apps/",
          "com/google/common/",
          "com/google/rpc/",
          "com/google/type/",
          "dev/cel/expr/",
          "io/envoyproxy/",
          "io/opentelemetry/proto/",
          "udpa/",
          "xds/annotations/");

  private final Map<String, Set<String>> references = new HashMap<>();
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
    for (Path jar : jars) {
      try (ZipFile in = new ZipFile(jar.toFile())) {
        refer(in);
      }
    }
    Set<String> wanted = wanted();
    try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(target));
        ZipOutputStream out = new ZipOutputStream(file)) {
      out.setLevel(Deflater.BEST_SPEED);
      put(
          out,
          "META-INF/MANIFEST.MF",
          "Manifest-Version: 1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      for (Path jar : jars) {
        try (ZipFile in = new ZipFile(jar.toFile())) {
          add(in, out, wanted);
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

  /** Notes which classes each class refers to. */
  private void refer(ZipFile in) throws IOException {
    for (ZipEntry entry : entries(in)) {
      if (entry.getName().endsWith(".class")) {
        byte[] content = content(in, entry);
        references.computeIfAbsent(entry.getName(), _ -> references(content));
      }
    }
  }

  private static Set<String> references(byte[] content) {
    Set<String> names = new HashSet<>();
    for (PoolEntry entry : ClassFile.of().parse(content).constantPool()) {
      switch (entry) {
        case ClassEntry type -> names.add(elementType(type.asInternalName()) + ".class");
        case Utf8Entry text when text.stringValue().startsWith("(") ->
            addTypes(text.stringValue(), names);
        default -> {
          // refers to no class by itself
        }
      }
    }
    return names;
  }

  /** A class may be named by a descriptor alone. */
  private static void addTypes(String descriptor, Set<String> names) {
    for (int start = descriptor.indexOf('L'); start >= 0; ) {
      int end = descriptor.indexOf(';', start);
      if (end < 0) {
        return;
      }
      names.add(descriptor.substring(start + 1, end) + ".class");
      start = descriptor.indexOf('L', end);
    }
  }

  private static String elementType(String type) {
    return type.startsWith("[") ? type.substring(type.lastIndexOf('[') + 2).replace(";", "") : type;
  }

  /** What is taken in any case and what that refers to, and so on. */
  private Set<String> wanted() {
    Set<String> wanted = new HashSet<>();
    Deque<String> open = new ArrayDeque<>();
    references.keySet().stream().filter(name -> !isOnDemand(name)).forEach(open::add);
    while (!open.isEmpty()) {
      String name = open.remove();
      if (wanted.add(name)) {
        open.addAll(references.getOrDefault(name, Set.of()));
      }
    }
    return wanted;
  }

  private static boolean isOnDemand(String name) {
    return ON_DEMAND.stream().anyMatch(name::startsWith);
  }

  private void add(ZipFile in, ZipOutputStream out, Set<String> wanted) throws IOException {
    for (ZipEntry entry : entries(in)) {
      String name = entry.getName();
      if (name.startsWith(SERVICES)) {
        services.computeIfAbsent(name, _ -> new ArrayList<>()).add(content(in, entry));
      } else if (wanted.contains(name) || !isOnDemand(name)) {
        put(out, name, content(in, entry));
      }
    }
  }

  private static List<ZipEntry> entries(ZipFile in) {
    List<ZipEntry> entries = new ArrayList<>();
    for (Enumeration<? extends ZipEntry> all = in.entries(); all.hasMoreElements(); ) {
      ZipEntry entry = all.nextElement();
      String name = entry.getName();
      if (!entry.isDirectory()
          && !name.endsWith(".proto")
          && !name.endsWith("module-info.class")
          && !name.endsWith(".SF")
          && !name.endsWith(".RSA")
          && FOLDERS_LEFT_OUT.stream().noneMatch(name::startsWith)) {
        entries.add(entry);
      }
    }
    return entries;
  }

  private static byte[] content(ZipFile in, ZipEntry entry) throws IOException {
    byte[] content = in.getInputStream(entry).readAllBytes();
    return SpunCode.writeOut(entry.getName(), ThinDescriptors.thin(entry.getName(), content));
  }

  /** The first of a name wins, as on a class path. */
  private void put(ZipOutputStream out, String name, byte[] content) throws IOException {
    if (written.add(name)) {
      out.putNextEntry(new ZipEntry(name));
      out.write(content);
    }
  }
}

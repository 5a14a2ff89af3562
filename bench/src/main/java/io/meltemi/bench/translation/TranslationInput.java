package io.meltemi.bench.translation;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.bench.swarm.MeshFiles;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.WorldBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Configuration and a proxy that needs it.
 *
 * @param changes that lead from nothing to the snapshot
 */
record TranslationInput(
    List<ConfigChange> changes, ConfigSnapshot snapshot, MeshConfig mesh, ProxyNode node) {
  /** Before the number of services of a mesh that is made up. */
  static final String MESH = "mesh-";

  private static final String DOMAIN = "cluster.local";
  private static final String CLUSTER = "Kubernetes";

  /** The world of it, made from nothing. */
  WorldBuilder.World world() {
    return new WorldBuilder(DOMAIN, CLUSTER).next(changes, snapshot, mesh);
  }

  /**
   * Reads an input.
   *
   * @param name a directory with {@code case.json}, as in {@code corpus/xds}, or {@code mesh-N} for
   *     N services as {@link MeshFiles} makes them
   */
  static TranslationInput read(String name) throws IOException {
    if (!name.startsWith(MESH)) {
      return ofCase(Path.of(name));
    }
    Path directory = Files.createTempDirectory("meltemi-bench");
    try {
      MeshFiles files = new MeshFiles(directory, Integer.parseInt(name.substring(MESH.length())));
      files.write();
      return of(yaml(files.config()), files.mesh(), files.proxy());
    } finally {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private static TranslationInput ofCase(Path directory) throws IOException {
    Struct.Builder description = Struct.newBuilder();
    JsonFormat.parser().merge(Files.readString(directory.resolve("case.json")), description);
    Struct proxy =
        field(description.build(), "proxies").getListValue().getValues(0).getStructValue();
    return of(yaml(directory), directory.resolve("meshconfig.yaml"), node(proxy));
  }

  private static List<Path> yaml(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.endsWith("meshconfig.yaml"))
          .sorted()
          .toList();
    }
  }

  private static TranslationInput of(List<Path> files, Path mesh, Node node) throws IOException {
    ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
    List<Resource<?>> resources = new ArrayList<>();
    List<ConfigChange> changes = new ArrayList<>();
    for (Path file : files) {
      String name = String.valueOf(file.getFileName());
      for (YamlReader.Document document :
          YamlReader.read(Files.readString(file), name, YamlLimits.DEFAULT).documents()) {
        for (Decoded decoded : decoder.decode(document)) {
          if (decoded instanceof Decoded.Accepted(Resource<?> resource, var _)) {
            resources.add(resource);
            changes.add(
                new ConfigChange(
                    resource.kind(), resource.id(), Optional.empty(), Optional.of(resource)));
          }
        }
      }
    }
    return new TranslationInput(
        List.copyOf(changes),
        ConfigSnapshot.of(resources),
        Files.exists(mesh)
            ? MeshConfigParser.parse(Files.readString(mesh), "meshconfig.yaml").orElseThrow()
            : MeshConfig.DEFAULT,
        ProxyNode.parse(node, Origin.of("case.json")).orElseThrow());
  }

  private static Node node(Struct proxy) {
    Struct locality = field(proxy, "locality").getStructValue();
    return Node.newBuilder()
        .setId(
            String.join(
                "~",
                text(proxy, "type"),
                text(proxy, "ip"),
                text(proxy, "id"),
                text(proxy, "dnsDomain")))
        .setMetadata(
            field(proxy, "metadata").getStructValue().toBuilder()
                .putFields("LABELS", field(proxy, "labels")))
        .setLocality(
            Locality.newBuilder()
                .setRegion(text(locality, "region"))
                .setZone(text(locality, "zone")))
        .build();
  }

  private static Value field(Struct struct, String name) {
    return struct.getFieldsOrDefault(name, Value.getDefaultInstance());
  }

  private static String text(Struct struct, String name) {
    return field(struct, name).getStringValue();
  }
}

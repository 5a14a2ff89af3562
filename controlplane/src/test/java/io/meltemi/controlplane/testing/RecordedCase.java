package io.meltemi.controlplane.testing;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.push.Features;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.translate.EnvoyTypes;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One recorded translation: configuration in, and what the reference control plane sent to each
 * proxy. The files are those of {@code corpus/xds}, whose INDEX.md says how to judge.
 *
 * @param folder with {@code case.json}, {@code kubernetes.yaml}, {@code config.yaml}, {@code
 *     meshconfig.yaml} (the last three may be absent) and {@code expected/}
 */
public record RecordedCase(Path folder) {
  private static final String CLUSTER_DOMAIN = "cluster.local";
  private static final String CLUSTER_ID = "Kubernetes";

  /** The recorder knew no domain for what is in config.yaml: short hosts end in the namespace. */
  private static final String NO_DOMAIN = "";

  /** One proxy of a case, and where its recorded configuration is. */
  public record Proxy(String name, ProxyNode node, Path expected) {

    /**
     * The recorded resources of one type.
     *
     * @param type {@code listeners}, {@code clusters}, {@code routes} or {@code endpoints}
     * @return by resource name, as JSON
     */
    public Map<String, Struct> recorded(String type) {
      Map<String, Struct> resources = new TreeMap<>();
      for (Value resource :
          parse(read(expected.resolve(type + ".json"))).getListValue().getValuesList()) {
        Struct fields = resource.getStructValue();
        String name = fields.containsFields("clusterName") ? "clusterName" : "name";
        resources.put(
            fields.getFieldsOrDefault(name, Value.getDefaultInstance()).getStringValue(), fields);
      }
      return resources;
    }
  }

  /** Every recorded case, sorted by group and name. */
  public static List<RecordedCase> all() {
    Path root = SharedFiles.require("corpus/xds");
    try (Stream<Path> files = Files.walk(root, 3)) {
      return files
          .filter(file -> file.getFileName().toString().equals("case.json"))
          .sorted()
          .map(file -> new RecordedCase(file.resolveSibling(".").normalize()))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code group/name}. */
  public String name() {
    return group() + "/" + folder.getFileName();
  }

  public String group() {
    return String.valueOf(folder.getName(folder.getNameCount() - 2));
  }

  @Override
  public String toString() {
    return name();
  }

  /** The proxies whose configuration was recorded. */
  public List<Proxy> proxies() {
    List<Proxy> proxies = new ArrayList<>();
    Struct description = parse(read(folder.resolve("case.json"))).getStructValue();
    for (Value entry : description.getFieldsOrThrow("proxies").getListValue().getValuesList()) {
      Struct proxy = entry.getStructValue();
      String name = text(proxy, "name");
      proxies.add(new Proxy(name, node(proxy), folder.resolve("expected").resolve(name)));
    }
    return proxies;
  }

  private static ProxyNode node(Struct proxy) {
    Struct.Builder metadata =
        proxy
            .getFieldsOrDefault("metadata", Value.getDefaultInstance())
            .getStructValue()
            .toBuilder()
            .putFields("LABELS", proxy.getFieldsOrDefault("labels", Value.getDefaultInstance()));
    Struct locality =
        proxy.getFieldsOrDefault("locality", Value.getDefaultInstance()).getStructValue();
    Node node =
        Node.newBuilder()
            .setId(
                String.join(
                    "~",
                    text(proxy, "type"),
                    text(proxy, "ip"),
                    text(proxy, "id"),
                    text(proxy, "dnsDomain")))
            .setMetadata(metadata)
            .setLocality(
                io.envoyproxy.envoy.config.core.v3.Locality.newBuilder()
                    .setRegion(text(locality, "region"))
                    .setZone(text(locality, "zone"))
                    .setSubZone(text(locality, "subZone")))
            .build();
    return ProxyNode.parse(node, Origin.of("case.json")).orElseThrow();
  }

  /** The world of the case as the control plane sees it. */
  public PushContext world() {
    ConfigSnapshot snapshot = ConfigSnapshot.of(accepted());
    List<ConfigChange> changes = new ArrayList<>();
    for (Resource<?> resource : accepted()) {
      changes.add(
          new ConfigChange(
              resource.kind(), resource.id(), Optional.empty(), Optional.of(resource)));
    }
    PushContext context =
        new WorldBuilder(CLUSTER_DOMAIN, CLUSTER_ID, Features.DEFAULT.withAllocatedAddresses(false))
            .next(changes, snapshot, mesh())
            .context();
    return new PushContext(
        new PushContext.Inputs(
            context.mesh(),
            NO_DOMAIN,
            context.services(),
            context.endpoints(),
            PushContext.Traffic.of(snapshot)));
  }

  private MeshConfig mesh() {
    Path file = folder.resolve("meshconfig.yaml");
    return Files.exists(file)
        ? MeshConfigParser.parse(read(file), "meshconfig.yaml").orElseThrow()
        : MeshConfig.DEFAULT;
  }

  private List<Resource<?>> accepted() {
    List<Resource<?>> resources = new ArrayList<>();
    for (Decoded document : documents()) {
      if (document instanceof Decoded.Accepted(Resource<?> resource, var _)) {
        resources.add(resource);
      }
    }
    return resources;
  }

  /** Everything the case's files say, refused documents too. */
  public List<Decoded> documents() {
    List<Decoded> documents = new ArrayList<>();
    for (String file : List.of("kubernetes.yaml", "config.yaml")) {
      Path path = folder.resolve(file);
      if (Files.exists(path)) {
        documents.addAll(YamlWorld.documents(lastOfEach(read(path)), file));
      }
    }
    return documents;
  }

  /**
   * Where one input lacks the line between two resources, the recorder took the later one: of equal
   * keys the last counted.
   */
  private static String lastOfEach(String yaml) {
    StringBuilder kept = new StringBuilder();
    for (String document : yaml.split("(?m)^---\n", -1)) {
      int last = document.lastIndexOf("\napiVersion: networking.istio.io/");
      boolean several = last > 0 && document.lastIndexOf("\nspec:", last) >= 0;
      kept.append(several ? document.substring(last + 1) : document).append("---\n");
    }
    return kept.toString();
  }

  /** A message in the form in which the recorded ones are read. */
  public static Struct json(Message message) {
    try {
      return parse(
              JsonFormat.printer().usingTypeRegistry(EnvoyTypes.registryOf(message)).print(message))
          .getStructValue();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("a packed type is not of Envoy's API", e);
    }
  }

  private static Value parse(String json) {
    Value.Builder value = Value.newBuilder();
    try {
      JsonFormat.parser().merge(json, value);
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
    return value.build();
  }

  private static String text(Struct struct, String field) {
    return struct.getFieldsOrDefault(field, Value.getDefaultInstance()).getStringValue();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

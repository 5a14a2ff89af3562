package io.meltemi.controlplane.translate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.controlplane.translate.cluster.ClusterGenerator;
import io.meltemi.controlplane.translate.endpoint.EndpointGenerator;
import io.meltemi.controlplane.translate.envoyfilter.ExtensionConfigGenerator;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.names.NameTableGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What proxies are sent for a configuration: {@code <case>.in.yaml} gives {@code <case>.out.json}.
 * Comments at the top of the input say for whom and what: {@code # proxy: TYPE IP NAMESPACE
 * [label=value|META=value|LOCALITY=region/zone …]}, {@code # mesh: FIELD: VALUE} and {@code # show:
 * TYPE NAME}. Run with {@code -Dgolden.update=true} to write the output anew, and read the
 * difference.
 */
class GoldenTranslationTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("meltemi.root", ".."), "controlplane/src/test/resources/golden");

  private static final Map<String, ResourceGenerator> GENERATORS =
      Map.of(
          "listener", new PatchedGenerator(new ListenerGenerator()),
          "cluster", new PatchedGenerator(new ClusterGenerator()),
          "route", new PatchedGenerator(new RouteGenerator()),
          "endpoint", new EndpointGenerator(),
          "extension", new ExtensionConfigGenerator(),
          "name-table", new NameTableGenerator());

  @TestFactory
  Stream<DynamicTest> translates() throws IOException {
    List<Path> inputs;
    try (Stream<Path> files = Files.list(FOLDER)) {
      inputs = files.filter(file -> file.toString().endsWith(".in.yaml")).sorted().toList();
    }
    assertTrue(inputs.size() >= 5, "cases: " + inputs.size());
    return inputs.stream().map(input -> DynamicTest.dynamicTest(name(input), () -> check(input)));
  }

  private static String name(Path input) {
    return input.getFileName().toString().replace(".in.yaml", "");
  }

  private static void check(Path input) throws IOException {
    String yaml = Files.readString(input);
    StringBuilder mesh = new StringBuilder();
    List<String[]> shown = new ArrayList<>();
    ProxyNode node = node("sidecar 10.0.0.1 default".split(" "));
    for (String line : yaml.lines().filter(text -> text.startsWith("# ")).toList()) {
      if (line.startsWith("# proxy: ")) {
        node = node(line.substring(9).split(" "));
      } else if (line.startsWith("# mesh: ")) {
        mesh.append(line.substring(8)).append('\n');
      } else if (line.startsWith("# show: ")) {
        shown.add(line.substring(8).split(" ", 2));
      }
    }
    YamlWorld world = new YamlWorld().write("world.yaml", yaml);
    if (!mesh.isEmpty()) {
      world.mesh(MeshConfigParser.parse(mesh.toString(), "mesh").orElseThrow());
    }
    StringBuilder told = new StringBuilder();
    for (String[] show : shown) {
      told.append(text(show, node, world.context()));
    }
    Path expected = input.resolveSibling(name(input) + ".out.json");
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(expected, told);
    }
    assertEquals(Files.readString(expected), told.toString());
  }

  private static String text(String[] show, ProxyNode node, PushContext context)
      throws IOException {
    if (show[0].equals("names")) {
      List<String> names =
          generator(show[1]).all(node, context, List.of()).stream()
              .map(GeneratedResource::name)
              .sorted()
              .toList();
      return String.join("\n", names) + "\n";
    }
    for (GeneratedResource resource : generator(show[0]).all(node, context, List.of(show[1]))) {
      if (resource.name().equals(show[1])) {
        Message body = resource.body();
        return JsonFormat.printer().usingTypeRegistry(EnvoyTypes.registryOf(body)).print(body)
            + "\n";
      }
    }
    return show[0] + " " + show[1] + ": none\n";
  }

  private static ResourceGenerator generator(String type) {
    ResourceGenerator generator = GENERATORS.get(type);
    if (generator == null) {
      throw new AssertionError("type " + type + " (expected: one of " + GENERATORS.keySet() + ")");
    }
    return generator;
  }

  private static ProxyNode node(String[] words) {
    Struct.Builder labels = Struct.newBuilder();
    Struct.Builder metadata = Struct.newBuilder();
    metadata.putFields("NAMESPACE", string(words[2]));
    for (int i = 3; i < words.length; i++) {
      String[] pair = words[i].split("=", 2);
      boolean label = Character.isLowerCase(pair[0].charAt(0));
      (label ? labels : metadata).putFields(pair[0], string(pair[1]));
    }
    metadata.putFields("LABELS", Value.newBuilder().setStructValue(labels).build());
    String[] place =
        metadata
            .getFieldsOrDefault("LOCALITY", string("//"))
            .getStringValue()
            .concat("//")
            .split("/", -1);
    Node node =
        Node.newBuilder()
            .setLocality(
                Locality.newBuilder().setRegion(place[0]).setZone(place[1]).setSubZone(place[2]))
            .setId(
                String.join(
                    "~", words[0], words[1], "p." + words[2], words[2] + ".svc.cluster.local"))
            .setMetadata(metadata)
            .build();
    return ProxyNode.parse(node, Origin.of("case")).orElseThrow();
  }

  private static Value string(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}

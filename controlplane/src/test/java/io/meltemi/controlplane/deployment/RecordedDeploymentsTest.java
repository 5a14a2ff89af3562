package io.meltemi.controlplane.deployment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.yaml.JsonText;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.deployment.DeploymentSettings.Images;
import io.meltemi.controlplane.deployment.DeploymentSettings.Logging;
import io.meltemi.controlplane.deployment.DeploymentSettings.Network;
import io.meltemi.controlplane.deployment.DeploymentSettings.Resources;
import io.meltemi.controlplane.deployment.DeploymentSettings.Server;
import io.meltemi.controlplane.deployment.DeploymentSettings.Switches;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Makes of a gateway what Istio was recorded to make of it. */
class RecordedDeploymentsTest {
  /** What the recorder's templates write for a value that is not there. */
  private static final String NO_VALUE = "<no value>";

  private static final String CA_ADDRESS = "istiod-<no value>.<no value>.svc:15012";
  private static final String NIL = "<nil>";

  @TestFactory
  Stream<DynamicTest> makesWhatWasRecorded() throws IOException {
    try (Stream<Path> folders =
        Files.list(SharedFiles.require("corpus/gateway-api/gateway-deployment"))) {
      return folders.sorted().toList().stream()
          .map(
              folder ->
                  DynamicTest.dynamicTest(
                      String.valueOf(folder.getFileName()), () -> compare(folder)));
    }
  }

  private static void compare(Path folder) throws IOException {
    Struct description = structs(Files.readString(folder.resolve("case.json"))).getFirst();
    ConfigSnapshot snapshot = snapshot(folder, description);
    DeploymentSettings settings = settings(description);
    List<Struct> made = new ArrayList<>();
    for (GatewayDeployment deployment : GatewayDeployment.all(snapshot, settings)) {
      for (Manifest manifest :
          GatewayManifests.of(deployment, snapshot, MeshConfig.DEFAULT, settings)) {
        made.add(normal(struct(manifest.content())));
      }
    }
    Path expected = folder.resolve("expected.yaml");
    List<Struct> recorded =
        Files.exists(expected)
            ? structs(Files.readString(expected)).stream()
                .map(RecordedDeploymentsTest::normal)
                .toList()
            : List.of();
    List<String> missing = lines(recorded);
    List<String> surplus = lines(made);
    List<String> both = new ArrayList<>(missing);
    both.retainAll(surplus);
    missing.removeAll(both);
    surplus.removeAll(both);
    assertEquals(List.of(), missing, () -> "recorded, not made; made, not recorded: " + surplus);
    assertEquals(List.of(), surplus, "made, not recorded");
    assertEquals(recorded, made);
  }

  /** Gateways of namespaces that are not watched are not seen at all. */
  private static ConfigSnapshot snapshot(Path folder, Struct description) throws IOException {
    List<String> watched =
        description
            .getFieldsOrDefault("discoveryNamespaces", Value.getDefaultInstance())
            .getListValue()
            .getValuesList()
            .stream()
            .map(Value::getStringValue)
            .toList();
    List<Resource<?>> resources = new ArrayList<>();
    // the recorder did not validate: some gateways lack the listener that one must have
    String input = Files.readString(folder.resolve("input.yaml")).stripTrailing();
    if (input.contains("listeners:")) {
      resources.addAll(YamlWorld.resources(input));
    } else {
      String listener = "\n  listeners: [{name: none, port: 1, protocol: TCP}]\n";
      YamlWorld.resources(input + listener).forEach(made -> resources.add(withoutListeners(made)));
    }
    resources.addAll(YamlWorld.resources(Files.readString(folder.resolve("existing.yaml"))));
    resources.removeIf(
        resource ->
            !watched.isEmpty()
                && !resource.namespace().isEmpty()
                && !watched.contains(resource.namespace()));
    return ConfigSnapshot.of(resources);
  }

  private static Resource<KubernetesGateway> withoutListeners(Resource<?> resource) {
    KubernetesGateway gateway = (KubernetesGateway) resource.spec();
    return new Resource<>(
        Kinds.KUBERNETES_GATEWAY,
        resource.metadata(),
        new KubernetesGateway(
            gateway.gatewayClassName(),
            List.of(),
            gateway.addresses(),
            gateway.infrastructure(),
            gateway.allowedListeners(),
            gateway.tls()),
        resource.origin());
  }

  private static DeploymentSettings settings(Struct description) {
    String written = string(description, "helmValuesYaml");
    Struct global =
        written.isEmpty()
            ? Struct.getDefaultInstance()
            : field(structs(written).getFirst(), "global");
    String hub = written.isEmpty() ? "test" : string(global, "hub");
    String tag = written.isEmpty() ? "test" : string(global, "tag");
    Struct features = field(description, "features");
    return new DeploymentSettings(
        new Images(hub, tag, "proxyv2", "agentgateway", "", List.of()),
        new Server("istio-system", "", CA_ADDRESS, NO_VALUE, NO_VALUE),
        new Logging(NIL, NIL, NIL, false),
        new Network(NO_VALUE, string(global, "network"), "", ""),
        new Resources(
            resources(field(global, "proxy")), resources(field(global, "waypoint")), 1337, 1337),
        new Switches(
            !features.containsFields("PILOT_ENABLE_GATEWAY_API_COPY_LABELS_ANNOTATIONS")
                || features
                    .getFieldsOrThrow("PILOT_ENABLE_GATEWAY_API_COPY_LABELS_ANNOTATIONS")
                    .getBoolValue(),
            features.containsFields("PILOT_ENABLE_QUIC_LISTENERS"),
            true),
        "Kubernetes");
  }

  private static Map<String, Object> resources(Struct of) {
    Map<String, Object> resources = new LinkedHashMap<>();
    field(of, "resources")
        .getFieldsMap()
        .forEach(
            (name, values) -> {
              Map<String, Object> kept = new LinkedHashMap<>();
              values
                  .getStructValue()
                  .getFieldsMap()
                  .forEach(
                      (key, value) -> {
                        if (value.hasStringValue()) {
                          kept.put(key, value.getStringValue());
                        }
                      });
              resources.put(name, kept);
            });
    return resources;
  }

  private static Struct field(Struct struct, String name) {
    return struct.getFieldsOrDefault(name, Value.getDefaultInstance()).getStructValue();
  }

  private static String string(Struct struct, String name) {
    return struct.getFieldsOrDefault(name, Value.getDefaultInstance()).getStringValue();
  }

  private static List<Struct> structs(String yaml) {
    YamlReader.Result read = YamlReader.read(yaml, "case", YamlLimits.DEFAULT);
    assertEquals(List.of(), read.allErrors());
    return read.documents().stream()
        .map(YamlReader.Document::root)
        .filter(root -> !root.isNull())
        .map(RecordedDeploymentsTest::struct)
        .toList();
  }

  private static Struct struct(YamlNode node) {
    Struct.Builder struct = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(JsonText.of(node), struct);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    return struct.build();
  }

  private static Struct struct(Map<?, ?> content) {
    Struct.Builder struct = Struct.newBuilder();
    content.forEach((key, value) -> struct.putFields(String.valueOf(key), value(value)));
    return struct.build();
  }

  private static Value value(Object of) {
    Value.Builder value = Value.newBuilder();
    switch (of) {
      case Map<?, ?> map -> value.setStructValue(struct(map));
      case List<?> list -> {
        list.forEach(item -> value.getListValueBuilder().addValues(value(item)));
        value.getListValueBuilder();
      }
      case Number number -> value.setNumberValue(number.doubleValue());
      case Boolean flag -> value.setBoolValue(flag);
      default -> value.setStringValue(of.toString());
    }
    return value.build();
  }

  /** Null, an empty text and an empty object say the same, and so does nothing at all. */
  private static Struct normal(Struct struct) {
    Struct.Builder kept = Struct.newBuilder();
    struct
        .getFieldsMap()
        .forEach(
            (name, value) -> {
              Value one = normal(value);
              boolean empty =
                  one.hasNullValue()
                      || one.equals(Value.newBuilder().setStringValue("").build())
                      || (one.hasStructValue() && one.getStructValue().getFieldsCount() == 0);
              if (!empty) {
                kept.putFields(name, one);
              }
            });
    return kept.build();
  }

  private static Value normal(Value value) {
    return switch (value.getKindCase()) {
      case STRUCT_VALUE ->
          Value.newBuilder().setStructValue(normal(value.getStructValue())).build();
      case LIST_VALUE -> {
        Value.Builder list = Value.newBuilder();
        list.getListValueBuilder();
        value
            .getListValue()
            .getValuesList()
            .forEach(item -> list.getListValueBuilder().addValues(normal(item)));
        yield list.build();
      }
      case NULL_VALUE, NUMBER_VALUE, STRING_VALUE, BOOL_VALUE, KIND_NOT_SET -> value;
    };
  }

  private static List<String> lines(List<Struct> structs) {
    List<String> lines = new ArrayList<>();
    for (Struct struct : structs) {
      sorted(string(struct, "kind"), Value.newBuilder().setStructValue(struct).build(), lines);
    }
    return lines;
  }

  private static void sorted(String path, Value value, List<String> lines) {
    switch (value.getKindCase()) {
      case STRUCT_VALUE ->
          value
              .getStructValue()
              .getFieldsMap()
              .forEach((name, inner) -> sorted(path + "." + name, inner, lines));
      case LIST_VALUE -> {
        for (int i = 0; i < value.getListValue().getValuesCount(); i++) {
          sorted(path + "[" + i + "]", value.getListValue().getValues(i), lines);
        }
      }
      case NULL_VALUE, NUMBER_VALUE, STRING_VALUE, BOOL_VALUE, KIND_NOT_SET ->
          lines.add(path + " " + value.toString().strip());
    }
  }
}

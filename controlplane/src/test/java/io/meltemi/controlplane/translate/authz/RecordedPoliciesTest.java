package io.meltemi.controlplane.translate.authz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.yaml.JsonText;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.controlplane.translate.EnvoyTypes;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The filters of recorded policies are those that the reference makes of them, field by field. */
class RecordedPoliciesTest {
  private static final Pattern TYPE = Pattern.compile("\"(type\\.googleapis\\.com/[^\"]+)\"");

  @TestFactory
  Stream<DynamicTest> becomeTheSameFilters() throws IOException {
    Path root = SharedFiles.require("corpus/authz");
    List<Path> cases;
    try (Stream<Path> files = Files.walk(root, 3)) {
      cases =
          files.filter(file -> file.endsWith("case.json")).map(Path::getParent).sorted().toList();
    }
    assertTrue(cases.size() >= 18, "cases: " + cases.size());
    return cases.stream()
        // with a provider that could be asked
        .filter(folder -> !folder.endsWith("custom-both-http-tcp"))
        .map(
            folder ->
                DynamicTest.dynamicTest(root.relativize(folder).toString(), () -> check(folder)));
  }

  private static void check(Path folder) throws IOException {
    Struct facts = json(Files.readString(folder.resolve("case.json"))).getStructValue();
    String yaml = Files.readString(folder.resolve("input.yaml"));
    YamlWorld world = new YamlWorld().write("input.yaml", yaml);
    String domain = text(facts, "trustDomain");
    if (!domain.isEmpty()) {
      List<String> aliases =
          facts.getFieldsOrThrow("trustDomainAliases").getListValue().getValuesList().stream()
              .map(Value::getStringValue)
              .toList();
      world.mesh(
          MeshConfigParser.parse(
                  "trustDomain: " + domain + "\ntrustDomainAliases: " + aliases + "\n", "mesh")
              .orElseThrow());
    }
    AuthorizationFilters filters = AuthorizationFilters.of(node(facts), world.context());
    boolean http = text(facts, "filterKind").endsWith("HttpFilter");
    List<Message> generated =
        http ? new ArrayList<>(filters.http()) : new ArrayList<>(filters.tcp());
    List<Message> expected = new ArrayList<>();
    for (Value file : facts.getFieldsOrThrow("expected").getListValue().getValuesList()) {
      Path path = folder.resolve(file.getStringValue());
      expected.add(
          parse(
              jsonOfYaml(Files.readString(path)),
              http ? HttpFilter.newBuilder() : Filter.newBuilder()));
    }
    assertEquals(printed(expected), printed(generated));
  }

  private static ProxyNode node(Struct facts) {
    Struct proxy = facts.getFieldsOrThrow("proxy").getStructValue();
    String namespace = text(proxy, "namespace");
    return ProxyNode.parse(
            io.envoyproxy.envoy.config.core.v3.Node.newBuilder()
                .setId(
                    "sidecar~10.0.0.1~httpbin."
                        + namespace
                        + "~"
                        + namespace
                        + ".svc.cluster.local")
                .setMetadata(
                    Struct.newBuilder()
                        .putFields(
                            "NAMESPACE", Value.newBuilder().setStringValue(namespace).build())
                        .putFields("LABELS", proxy.getFieldsOrThrow("labels")))
                .build(),
            Origin.of("case.json"))
        .orElseThrow();
  }

  private static List<String> printed(List<Message> messages) throws IOException {
    List<String> printed = new ArrayList<>();
    for (Message message : messages) {
      printed.add(
          JsonFormat.printer()
              .usingTypeRegistry(EnvoyTypes.registryOf(message))
              .sortingMapKeys()
              .print(message));
    }
    return printed;
  }

  private static Message parse(String json, Message.Builder builder) throws IOException {
    List<String> types =
        TYPE.matcher(json).results().map(found -> found.group(1)).distinct().toList();
    JsonFormat.parser().usingTypeRegistry(EnvoyTypes.registry(types)).merge(json, builder);
    return builder.build();
  }

  private static String jsonOfYaml(String yaml) {
    YamlReader.Result result = YamlReader.read(yaml, "expected.yaml", YamlLimits.DEFAULT);
    assertEquals(List.of(), result.allErrors());
    return JsonText.of(result.documents().getFirst().root());
  }

  private static Value json(String json) throws IOException {
    Value.Builder value = Value.newBuilder();
    JsonFormat.parser().merge(json, value);
    return value.build();
  }

  private static String text(Struct struct, String field) {
    return struct.getFieldsOrDefault(field, Value.getDefaultInstance()).getStringValue();
  }
}

package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.yaml.ScalarType;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import io.meltemi.config.yaml.YamlReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every validation rule, with what a person is told: {@code rules/<kind>.yaml} holds one rule per
 * document, whose {@code told} begins the last lines. A name, namespace and API version are filled
 * in where a document has none; {@code <x*1000>} is a long text. Run with {@code
 * -Dgolden.update=true} to write {@code told} anew, and read the difference.
 */
class RulesTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("meltemi.root", ".."), "config/src/test/resources/rules");

  /** A long text: {@code <x*1000>}. */
  private static final Pattern LONG = Pattern.compile("<([^*<>]+)\\*([0-9]+)>");

  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);

  private record Rule(String name, YamlMap resource, String told) {}

  @TestFactory
  Stream<DynamicTest> areTold() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(FOLDER)) {
      files = found.sorted().toList();
    }
    List<DynamicTest> tests = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Path file : files) {
      if (Boolean.getBoolean("golden.update")) {
        update(file);
      }
      for (Rule rule : rules(file)) {
        String name = file.getFileName() + ": " + rule.name();
        assertTrue(names.add(name), () -> "one rule under two names: " + name);
        tests.add(DynamicTest.dynamicTest(name, () -> check(rule)));
      }
    }
    assertTrue(tests.size() >= 150, "rules: " + tests.size());
    System.out.println("validation rules: " + tests.size());
    return tests.stream();
  }

  private void check(Rule rule) {
    assertFalse(rule.told().isBlank(), "a rule tells something");
    assertEquals(rule.told(), told(rule.resource()));
  }

  private static List<Rule> rules(Path file) throws IOException {
    YamlReader.Result result = read(Files.readString(file), file);
    assertEquals(List.of(), result.allErrors());
    List<Rule> rules = new ArrayList<>();
    for (YamlReader.Document document : result.documents()) {
      Map<String, YamlField> fields = new LinkedHashMap<>(((YamlMap) document.root()).fields());
      String name = text(fields, "rule");
      String told = text(fields, "told");
      fields.keySet().removeAll(Set.of("rule", "told"));
      rules.add(new Rule(name, complete(fields, document.root().origin()), told));
    }
    return rules;
  }

  private static YamlReader.Result read(String text, Path file) {
    String whole =
        LONG.matcher(text)
            .replaceAll(found -> found.group(1).repeat(Integer.parseInt(found.group(2))));
    return YamlReader.read(whole, file.toString(), YamlLimits.DEFAULT);
  }

  private static String text(Map<String, YamlField> fields, String name) {
    YamlField field = fields.get(name);
    assertNotNull(field, () -> "no " + name);
    return ((YamlScalar) field.value()).text();
  }

  private static YamlMap complete(Map<String, YamlField> fields, Origin origin) {
    String kind = text(fields, "kind");
    ResourceKind<?> known =
        Kinds.ALL.stream().filter(k -> k.kind().equals(kind)).findFirst().orElseThrow();
    fields.putIfAbsent("apiVersion", scalar(origin, known.apiVersion()));
    Map<String, YamlField> metadata = new LinkedHashMap<>();
    if (fields.containsKey("metadata")) {
      metadata.putAll(((YamlMap) fields.get("metadata").value()).fields());
    }
    metadata.putIfAbsent("name", scalar(origin, "some-name"));
    metadata.putIfAbsent("namespace", scalar(origin, "here"));
    fields.put("metadata", new YamlField(origin, new YamlMap(origin, metadata)));
    return new YamlMap(origin, fields);
  }

  private static YamlField scalar(Origin origin, String text) {
    return new YamlField(origin, new YamlScalar(origin, text, ScalarType.STRING));
  }

  private String told(YamlNode resource) {
    return switch (decoder.decode(new YamlReader.Document(resource, List.of())).getFirst()) {
      case Decoded.Accepted(var _, var warnings) ->
          warnings.isEmpty() ? "accepted\n" : lines("warning", warnings);
      case Decoded.Rejected rejected ->
          lines("error", rejected.errors()) + lines("warning", rejected.warnings());
      case Decoded.Unreadable unreadable -> lines("error", unreadable.errors());
      case Decoded.UnknownKind unknown -> lines("warning", List.of(unknown.warning()));
    };
  }

  private static String lines(String severity, List<Violation> violations) {
    return violations.stream()
        .map(
            v ->
                severity
                    + ": "
                    + v.path()
                    + ": found "
                    + v.found()
                    + " (expected: "
                    + v.expected()
                    + ")\n")
        .collect(Collectors.joining());
  }

  /** Replaces what stands after {@code told:} in each document. */
  private void update(Path file) throws IOException {
    StringBuilder updated = new StringBuilder();
    for (String document : Files.readString(file).split("(?m)^---\n")) {
      int at = document.indexOf("\ntold:");
      String head = at < 0 ? document.stripTrailing() : document.substring(0, at);
      YamlReader.Result result = read(head + "\n", file);
      assertEquals(List.of(), result.allErrors());
      YamlNode root = result.documents().getFirst().root();
      Map<String, YamlField> fields = new LinkedHashMap<>(((YamlMap) root).fields());
      fields.remove("rule");
      updated
          .append(updated.isEmpty() ? "" : "---\n")
          .append(head)
          .append("\ntold: |\n")
          .append(told(complete(fields, root.origin())).indent(2));
    }
    Files.writeString(file, updated.toString());
  }
}

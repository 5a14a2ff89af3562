package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Origin;
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
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Accepts and rejects the same single resources as the reference. */
class CrdValidationTest {
  /** Cases that do not agree, with the reason; this list may only shrink. */
  private static final Map<String, String> KNOWN =
      Map.of(
          "serviceentry-valid-00-full",
          "writes 001:db8:: without quotes in a flow list, which YAML reads as an object");

  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);

  private record Case(Path folder, Map<String, YamlNode> facts) {
    String name() {
      return folder.getFileName().toString();
    }

    String fact(String name) {
      return facts.get(name) instanceof YamlScalar scalar ? scalar.text() : "";
    }
  }

  @Test
  void agreesWithTheReferenceOnEveryCaseOfOurKinds() throws IOException {
    Set<String> kinds = Kinds.ALL.stream().map(ResourceKind::kind).collect(Collectors.toSet());
    List<Case> cases = cases(SharedFiles.require("corpus/crd-validation"));
    List<String> disagreements = new ArrayList<>();
    Set<String> differing = new TreeSet<>();
    int judged = 0;
    int warningsDiffer = 0;
    for (Case one : cases) {
      if (!kinds.contains(one.fact("kind"))) {
        continue;
      }
      judged++;
      Decoded decoded = decode(one);
      boolean accepted = decoded instanceof Decoded.Accepted;
      if (accepted != one.fact("expected").equals("accepted")) {
        differing.add(one.name());
        disagreements.add(one.name() + ": expected " + one.fact("expected") + ", got " + decoded);
      } else if (decoded instanceof Decoded.Accepted(var _, var warnings)
          && one.folder().toString().contains("webhook-recorded")) {
        boolean warned =
            warnings.stream().anyMatch(w -> !w.expected().contains("not yet translated"));
        if (warned != one.facts().containsKey("warnings")) {
          warningsDiffer++;
          System.out.println("warnings differ: " + one.name() + ": " + warnings);
        }
      }
    }
    System.out.println(
        "crd-validation: "
            + judged
            + " cases judged, "
            + differing.size()
            + " differ, warnings of "
            + warningsDiffer
            + " differ");
    assertTrue(judged > 150, "cases judged: " + judged);
    assertEquals(KNOWN.keySet(), differing, () -> String.join("\n", disagreements));
    assertTrue(warningsDiffer <= 0, "warnings differ: " + warningsDiffer);
  }

  private Decoded decode(Case one) throws IOException {
    YamlReader.Result result =
        YamlReader.read(
            Files.readString(one.folder().resolve("input.yaml")), one.name(), YamlLimits.DEFAULT);
    if (!result.allErrors().isEmpty()) {
      return new Decoded.Unreadable(Origin.of(one.name()), result.allErrors());
    }
    return decoder
        .decode(
            new YamlReader.Document(
                withName((YamlMap) result.documents().getFirst().root()), List.of()))
        .getFirst();
  }

  /** The recorded resources may have no name, and carry marks of the test they come from. */
  private static YamlMap withName(YamlMap document) {
    Map<String, YamlField> fields = new LinkedHashMap<>(document.fields());
    fields.remove("_err");
    Map<String, YamlField> metadata = new LinkedHashMap<>();
    if (fields.containsKey("metadata")
        && fields.get("metadata").value() instanceof YamlMap written) {
      metadata.putAll(written.fields());
    }
    Origin origin = document.origin();
    metadata.putIfAbsent(
        "name", new YamlField(origin, new YamlScalar(origin, "some-name", ScalarType.STRING)));
    fields.put("metadata", new YamlField(origin, new YamlMap(origin, metadata)));
    return new YamlMap(origin, fields);
  }

  private static List<Case> cases(Path corpus) throws IOException {
    List<Case> cases = new ArrayList<>();
    try (Stream<Path> files = Files.walk(corpus, 3)) {
      for (Path file : files.filter(f -> f.endsWith("case.json")).sorted().toList()) {
        YamlReader.Result result =
            YamlReader.read(Files.readString(file), file.toString(), YamlLimits.DEFAULT);
        assertEquals(List.of(), result.errors());
        Map<String, YamlNode> facts = new LinkedHashMap<>();
        ((YamlMap) result.documents().getFirst().root())
            .fields()
            .forEach((name, field) -> facts.put(name, field.value()));
        cases.add(new Case(file.resolveSibling(""), facts));
      }
    }
    return cases;
  }
}

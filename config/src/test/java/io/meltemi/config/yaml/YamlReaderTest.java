package io.meltemi.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Origin;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlReaderTest {
  private static YamlReader.Result read(String text) {
    return YamlReader.read(text, "f.yaml", YamlLimits.DEFAULT);
  }

  private static YamlMap map(String text) {
    YamlReader.Result result = read(text);
    assertEquals(List.of(), result.allErrors());
    return (YamlMap) result.documents().getFirst().root();
  }

  private static YamlNode value(String text, String key) {
    return map(text).field(key).orElseThrow().value();
  }

  @Test
  void knowsWhereEveryFieldStands() {
    YamlMap map = map("a: 1\nb:\n  - x\n  -   y\n");
    assertEquals(new Origin("f.yaml", 1, 1), map.origin());
    assertEquals(new Origin("f.yaml", 2, 1), map.field("b").orElseThrow().key());
    YamlList list = (YamlList) map.field("b").orElseThrow().value();
    assertEquals(new Origin("f.yaml", 4, 7), list.items().get(1).origin());
  }

  @Test
  void linesGoOnOverDocumentsAndInsideOtherTexts() {
    YamlReader.Result result = read("a: 1\n---\n# nothing\n---\nb: 2\n");
    assertEquals(2, result.documents().size());
    assertEquals(5, result.documents().get(1).root().origin().line());
    YamlReader.Result inside =
        YamlReader.readEmbedded("a: [", new Origin("f.yaml", 10, 3), YamlLimits.DEFAULT);
    assertTrue(inside.errors().getFirst().origin().line() >= 11);
  }

  @Test
  void tellsAnErrorOfWhichTheParserKnowsNoContext() {
    assertTrue(!read("!: ]").allErrors().isEmpty());
  }

  @ParameterizedTest
  @CsvSource({
    "abc, STRING", "'\"1\"', STRING", "1, INTEGER", "-12, INTEGER", "0x1F, INTEGER", "1.5, FLOAT",
    "1e3, FLOAT", ".5, FLOAT", "true, BOOLEAN", "off, BOOLEAN", "Yes, BOOLEAN", "y, STRING",
    "~, NULL", "null, NULL", "1.2.3, STRING", "10.0.0.1, STRING", "1s, STRING", "5m, STRING",
    "2026-01-01, STRING", "!!str 1, STRING"
  })
  void typesPlainScalarsAsKubernetesDoes(String text, ScalarType type) {
    assertEquals(type, ((YamlScalar) value("a: " + text, "a")).type());
  }

  @Test
  void aliasesAndMergeKeysShareNodes() {
    YamlMap map = map("a: &x {p: 1}\nb: *x\nc: {<<: *x, q: 2}\nd: {<<: [*x, {p: 3, r: 4}]}\n");
    assertSame(map.field("a").orElseThrow().value(), map.field("b").orElseThrow().value());
    assertEquals(
        List.of("q", "p"),
        List.copyOf(((YamlMap) map.field("c").orElseThrow().value()).fields().keySet()));
    YamlMap merged = (YamlMap) map.field("d").orElseThrow().value();
    assertEquals("1", ((YamlScalar) merged.field("p").orElseThrow().value()).text());
    assertEquals("4", ((YamlScalar) merged.field("r").orElseThrow().value()).text());
  }

  @Test
  void anAliasOfWhatIsAroundItIsAnError() {
    assertEquals("*x", read("a: &x [*x]").errors().getFirst().found());
  }

  @Test
  void limitsHold() {
    YamlLimits limits = new YamlLimits(1000, 2, 50, 5);
    assertEquals(1, YamlReader.read("x".repeat(1001), "f", limits).errors().size());
    assertEquals(2, YamlReader.read("a\n---\nb\n---\nc\n", "f", limits).documents().size());
    assertEquals(1, YamlReader.read("a\n---\nb\n---\nc\n", "f", limits).errors().size());
    assertEquals(0, YamlReader.read("[[[[a]]]]", "f", limits).errors().size());
    assertEquals(1, YamlReader.read("[[[[[a]]]]]", "f", limits).errors().size());
    assertEquals(1, YamlReader.read("[" + "a,".repeat(60) + "]", "f", limits).errors().size());
    String nested = "- &a [[[x]]]\n- [[*a]]\n";
    assertEquals(1, YamlReader.read(nested, "f", limits).errors().size());
  }

  @Test
  void aDocumentWithAKeyTwiceDoesNotSpoilTheOthers() {
    YamlReader.Result result = read("a: 1\na: 2\n---\nb: 1\n");
    assertEquals(List.of(), result.errors());
    assertEquals(1, result.documents().get(0).errors().size());
    assertEquals(List.of(), result.documents().get(1).errors());
  }

  @Test
  void oddKeysAndTagsAreErrors() {
    assertEquals(1, read("[a]: 1").allErrors().size());
    assertEquals(1, read("a: !thing 1").allErrors().size());
    assertEquals(1, read("<<: 1").allErrors().size());
  }
}

package io.meltemi.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever the text, reading it ends with documents and errors and never with an exception. */
class YamlReaderProperties {
  private static final YamlLimits LIMITS = new YamlLimits(100_000, 100, 10_000, 50);
  private static final String SAMPLE =
      """
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: reviews, labels: {app: reviews}}
      spec:
        hosts: [reviews]
        http:
        - match: [{headers: {end-user: {exact: jason}}, uri: {prefix: /x}}]
          fault: {delay: {fixedDelay: 5s, percentage: {value: 10}}}
          route: [{destination: {host: reviews, subset: v1}, weight: 90}]
          timeout: 1.5s
      """;

  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);

  @Property(tries = 500)
  void anyText(@ForAll String text) {
    readAll(text);
  }

  @Property(tries = 1000)
  void textOfYamlSigns(@ForAll("signs") String text) {
    readAll(text);
  }

  @Property(tries = 1000)
  void sampleWithAChange(@ForAll("position") int at, @ForAll("signs") String inserted) {
    int position = at % SAMPLE.length();
    readAll(SAMPLE.substring(0, position) + inserted + SAMPLE.substring(position));
    readAll(SAMPLE.substring(0, position));
  }

  @Property(tries = 300)
  void quotedTextComesBack(@ForAll("printable") String text) {
    String quoted = '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    YamlReader.Result result = YamlReader.read("a: " + quoted, "f", LIMITS);
    assertEquals(List.of(), result.allErrors());
    YamlNode.YamlMap map = (YamlNode.YamlMap) result.documents().getFirst().root();
    assertEquals(text, ((YamlNode.YamlScalar) map.field("a").orElseThrow().value()).text());
  }

  private void readAll(String text) {
    YamlReader.Result result = YamlReader.read(text, "f", LIMITS);
    for (YamlReader.Document document : result.documents()) {
      for (Decoded decoded : decoder.decode(document)) {
        assertNotNull(decoded.origin());
      }
    }
  }

  @Provide
  Arbitrary<String> signs() {
    return Arbitraries.of(
            "a", "1", ":", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ",", "&a ", "*a", "!", "|",
            ">", "\"", "'", "#", " ", "\t", "---\n", "...\n", "<<: ", "%", "@", "null", "? ", "é")
        .list()
        .ofMaxSize(30)
        .map(parts -> String.join("", parts));
  }

  @Provide
  Arbitrary<Integer> position() {
    return Arbitraries.integers().between(0, 10_000);
  }

  @Provide
  Arbitrary<String> printable() {
    return Arbitraries.strings().withCharRange(' ', '~').ofMaxLength(40);
  }
}

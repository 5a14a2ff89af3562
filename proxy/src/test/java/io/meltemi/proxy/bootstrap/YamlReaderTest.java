package io.meltemi.proxy.bootstrap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** YAML to nodes, shown as compact JSON-like text. */
final class YamlReaderTest {

  private static String read(String text) throws YamlException {
    return show(YamlReader.read(text));
  }

  private static String show(Node node) {
    StringBuilder out = new StringBuilder();
    switch (node) {
      case Node.MapNode map -> {
        out.append('{');
        map.entries()
            .forEach(
                (key, entry) ->
                    out.append(key).append(':').append(show(entry.value())).append(','));
        out.append('}');
      }
      case Node.ListNode list -> {
        out.append('[');
        list.items().forEach(item -> out.append(show(item)).append(','));
        out.append(']');
      }
      case Node.Scalar scalar ->
          out.append(scalar.plain() ? scalar.text() : "\"" + scalar.text() + "\"");
    }
    return out.toString();
  }

  @Test
  void readsBlockCollections() throws YamlException {
    assertEquals(
        "{a:1,b:[x,{c:d,e:f,},[1,2,],],g:{h:,i:j,},}",
        read(
            """
            # head
            a: 1
            b:
            - x
            -  c: d   # comment
               e: f
            - - 1
              - 2
            g:
              h:
              i: j
            """));
  }

  @Test
  void readsListIndentedBelowKey() throws YamlException {
    assertEquals("{a:[{b:[1,],},],c:d,}", read("a:\n  - b:\n      - 1\nc: d\n"));
  }

  @Test
  void readsFlowCollectionsOverLines() throws YamlException {
    assertEquals(
        "{a:{b:[1,\"x, y\",],c:,},d:[],e:{},}",
        read("a: {b: [1,\n  \"x, y\"], # why\n  c: }\nd: []\ne: {}\n"));
  }

  @Test
  void readsJson() throws YamlException {
    assertEquals(
        "{\"a\":[1,true,null,\"\u00e9\n\",],}".replace("\"a\"", "a"),
        read("{\"a\":[1,true,null,\"\\u00e9\\n\"]}"));
  }

  @Test
  void readsPlainScalars() throws YamlException {
    assertEquals(
        "{a:http://x:80/y#z,b:a b  c,c:one two,d:-1,e:[::]:80,}".replace("[::]", "::"),
        read(
            "a: http://x:80/y#z\nb: a b  c\nc: one\n  two\nd: -1\ne: ::\n"
                .replace("e: ::", "e: :::80")));
  }

  @Test
  void readsQuotedScalars() throws YamlException {
    assertEquals(
        "{a:\"it's\",b:\"tab\tend\",key c:\"x y\",}",
        read("a: 'it''s'\nb: \"tab\\tend\"\n\"key c\": \"x\n  y\"\n"));
  }

  @Test
  void readsBlockScalars() throws YamlException {
    assertEquals(
        "{a:\"l1\n  l2\n\nl3\n\",b:\"one two\nthree\n\",c:\"no end\",d:\"keep\n\n\",e:x,}",
        read(
            """
            a: |
              l1
                l2

              l3
            b: >
              one
              two

              three
            c: >-
              no
              end
            d: |+
              keep

            e: x
            """));
  }

  @Test
  void readsAnchorsAliasesAndMergeKeys() throws YamlException {
    assertEquals(
        "{base:{a:1,b:2,},use:{b:3,a:1,},list:[{a:1,b:2,},],s:v,t:v,}",
        read(
            """
            base: &base
              a: 1
              b: 2
            use:
              <<: *base
              b: 3
            list: [*base]
            s: &v v
            t: *v
            """));
  }

  @Test
  void readsDocumentMarkersAndEmptyText() throws YamlException {
    assertEquals("{a:b,}", read("---\na: b\n...\n"));
    assertEquals("", read(""));
    assertEquals("", read("# nothing\n"));
  }

  private static Node.Entry entry(Node.MapNode map, String key) {
    return java.util.Objects.requireNonNull(map.entries().get(key), key);
  }

  @Test
  void knowsPlaces() throws YamlException {
    Node.MapNode map = (Node.MapNode) YamlReader.read("a:\n  b:\n  - c: d\n");
    Node.MapNode inner = (Node.MapNode) entry(map, "a").value();
    Node.ListNode list = (Node.ListNode) entry(inner, "b").value();
    Node.MapNode item = (Node.MapNode) list.items().get(0);
    assertEquals(3, entry(item, "c").line());
    assertEquals(5, entry(item, "c").column());
    assertEquals(8, entry(item, "c").value().column());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: b: c | 1 | 5",
        "a: 'x | 1 | 4",
        "a: {b: c | 1 | 9",
        "a: [1, 2 | 1 | 9",
        "a: *none | 1 | 4",
        "a: !tag x | 1 | 4",
        "a: 1\\na: 2 | 2 | 1",
        "a: 1\\n  b: 2 | 2 | 3",
        "a:\\n  b: 1\\n c: 2 | 3 | 2",
        "a: 1\\n---\\nb: 2 | 3 | 1",
        "a:\\n\\tb: 1 | 2 | 2",
        "%YAML 1.2\\n---\\na: b | 1 | 1",
        "? a\\n: b | 1 | 1",
        "a: \"\\\\q\" | 1 | 7",
        "<<: 1 | 1 | 5",
        "just text\\nand: more | 2 | 1",
      })
  void tellsWhereTextIsWrong(String text, int line, int column) {
    YamlException error =
        assertThrows(
            YamlException.class,
            () ->
                YamlReader.read(
                    text.strip().replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")));
    assertEquals(line, error.line(), error.getMessage());
    assertEquals(column, error.column(), error.getMessage());
  }

  @Test
  void refusesDeepNesting() {
    assertThrows(YamlException.class, () -> YamlReader.read("[".repeat(5000)));
    assertThrows(YamlException.class, () -> YamlReader.read("- ".repeat(5000) + "x"));
    assertThrows(YamlException.class, () -> YamlReader.read("&a ".repeat(5000) + "x"));
  }

  @Test
  void refusesExpandingAliases() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
      bomb.append("a%d: &a%d [%s]\n".formatted(i, i, ("*a" + (i - 1) + ",").repeat(9) + "x"));
    }
    YamlException error = assertThrows(YamlException.class, () -> YamlReader.read(bomb.toString()));
    assertTrue(String.valueOf(error.getMessage()).contains("aliases expand"), error::toString);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void neverFailsOtherwiseOnHostileText(long seed) {
    java.util.Random random = new java.util.Random(seed);
    String alphabet = "ab:- \n\t{}[],&*|>'\"#?!%\\1<";
    int read = 0;
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(40); i >= 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        YamlReader.read(text.toString());
        read++;
      } catch (YamlException e) {
        assertTrue(e.line() >= 1 && e.column() >= 1, text.toString());
        refused++;
      }
    }
    assertEquals(3000, read + refused);
  }
}

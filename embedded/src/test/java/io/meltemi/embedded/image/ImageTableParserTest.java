package io.meltemi.embedded.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Validation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImageTableParserTest {
  @Test
  void entriesThatFitAddUpAndTheLongerNameWins() {
    ImageTable table =
        parse(
                """
                images:
                  shop/cart:v2:
                    env: {COLOR: red}
                  shop/*:
                    command: [run, "${port}"]
                    env: {COLOR: none, SIZE: "1"}
                  shop/cart:
                    command: [cart]
                    listen: {8080: 7000}
                """)
            .orElseThrow();
    ImageCommand cart = table.find("shop/cart:v2").orElseThrow();
    assertEquals(List.of("cart"), cart.command());
    assertEquals(Map.of("COLOR", "red", "SIZE", "1"), cart.environment());
    assertEquals(Map.of(8080, 7000), cart.listen());
    assertEquals(List.of("run", "${port}"), table.find("shop/other").orElseThrow().command());
    assertTrue(table.find("elsewhere/cart").isEmpty());
  }

  @Test
  void nameWithRegistryPortFitsEveryTag() {
    ImageTable table = parse("images: {'local:5000/a': {command: [x]}}").orElseThrow();
    assertTrue(table.find("local:5000/a:v1").isPresent());
    assertTrue(table.find("local:5000/a").isPresent());
    assertTrue(table.find("local:5000/ab").isEmpty());
  }

  @Test
  void entryWithoutCommandAloneRunsNothing() {
    assertTrue(parse("images: {a: {env: {X: y}}}").orElseThrow().find("a").isEmpty());
  }

  @Test
  void everyErrorIsReportedWithItsPlace() {
    Validation<ImageTable> result =
        parse(
            """
            images:
              a:
                command: run
                env: {X: "${nope}"}
              b:
                command: [ok, "${prot}"]
                listen: {http: 1, 80: 70000}
            """);
    String errors = result.errors().toString();
    assertEquals(5, result.errors().size(), errors);
    assertTrue(errors.contains("meltemi.yaml:3:"), errors);
    assertTrue(errors.contains("images[b].command[1]: found ${prot}"), errors);
    assertTrue(errors.contains("${nope}") && errors.contains("70000"), errors);
  }

  @Test
  void textThatIsNoObjectIsRefused() {
    assertTrue(parse("- a").errors().toString().contains("the field images"));
    assertTrue(parse("images: [").errors().toString().contains("meltemi.yaml"));
    assertTrue(parse("").orElseThrow().rules().isEmpty());
  }

  @Test
  void unknownFieldIsWarnedOf() {
    assertEquals(1, parse("images: {}\nimage: x").warnings().size());
  }

  @Test
  void tokensAreFilledIn() {
    Tokens tokens = new Tokens(Map.of("pod", "p$1"), Map.of(80, 2000, 90, 2001), 80);
    assertEquals("p$1 2000 2001 0", tokens.fill("${pod} ${port} ${port:90} ${port:7}"));
    assertEquals("$HOME {x}", tokens.fill("$HOME {x}"));
  }

  @Test
  void bookinfoIsRead() throws Exception {
    Path file =
        Path.of(System.getProperty("meltemi.root", "..")).resolve("samples/bookinfo/meltemi.yaml");
    Validation<ImageTable> table =
        ImageTableParser.parse(Files.readString(file), file.getFileName().toString());
    assertEquals(List.of(), table.warnings());
    Map<String, String> environment =
        table
            .orElseThrow()
            .find("meltemi.io/samples/bookinfo-reviews:v3")
            .orElseThrow()
            .environment();
    assertEquals("red", environment.get("STAR_COLOR"));
    assertEquals("${tag}", environment.get("SERVICE_VERSION"));
  }

  private static Validation<ImageTable> parse(String text) {
    return ImageTableParser.parse(text, "meltemi.yaml");
  }
}

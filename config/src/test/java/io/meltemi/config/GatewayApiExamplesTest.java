package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Accepts and rejects the Gateway API's own examples as its CRDs do. */
class GatewayApiExamplesTest {
  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);

  @Test
  void acceptsEveryValidExample() throws IOException {
    List<String> refused = new ArrayList<>();
    List<Path> files = files("corpus/gateway-api/examples-valid", "input.yaml");
    for (Path file : files) {
      refused.addAll(errors(file));
    }
    System.out.println("gateway-api: " + files.size() + " valid examples");
    assertEquals(List.of(), refused);
    assertTrue(files.size() > 50, "examples: " + files.size());
  }

  @Test
  void rejectsEveryInvalidExample() throws IOException {
    List<String> taken = new ArrayList<>();
    List<Path> files = files("corpus/gateway-api/examples-invalid", "input.yaml");
    for (Path file : files) {
      List<String> errors = errors(file);
      if (errors.isEmpty()) {
        taken.add(file.toString());
      }
    }
    assertEquals(List.of(), taken);
    assertTrue(files.size() > 20, "examples: " + files.size());
  }

  @Test
  void takesTheManifestsOfTheConformanceSuite() throws IOException {
    List<String> refused = new ArrayList<>();
    List<Path> files = files("corpus/gateway-api/conformance", ".yaml");
    files.addAll(files("corpus/gateway-api/conformance-base", ".yaml"));
    files.addAll(files("corpus/gateway-api/conformance-mesh", ".yaml"));
    files.addAll(files("corpus/gateway-api/ingress-conversion", "input.yaml"));
    for (Path file : files) {
      refused.addAll(errors(file));
    }
    assertEquals(List.of(), refused);
    assertTrue(files.size() > 100, "files: " + files.size());
  }

  private List<String> errors(Path file) throws IOException {
    String text =
        Files.readString(file)
            .replace("{GATEWAY_CLASS_NAME}", "istio")
            .replace("{GATEWAY_CONTROLLER_NAME}", "istio.io/gateway-controller")
            .replace("PLACEHOLDER_UNUSABLE_ADDRS", "192.0.2.1")
            .replace("PLACEHOLDER_USABLE_ADDRS", "192.0.2.2");
    YamlReader.Result result = YamlReader.read(text, file.toString(), YamlLimits.DEFAULT);
    List<String> errors = new ArrayList<>();
    result.errors().forEach(error -> errors.add(error.toString()));
    for (YamlReader.Document document : result.documents()) {
      for (Decoded decoded : decoder.decode(document)) {
        switch (decoded) {
          case Decoded.Rejected rejected ->
              rejected.errors().forEach(error -> errors.add(error.toString()));
          case Decoded.Unreadable unreadable ->
              unreadable.errors().forEach(error -> errors.add(error.toString()));
          case Decoded.Accepted _, Decoded.UnknownKind _ -> {}
        }
      }
    }
    return errors;
  }

  private static List<Path> files(String folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(SharedFiles.require(folder))) {
      return new ArrayList<>(
          files.filter(file -> file.toString().endsWith(suffix)).sorted().toList());
    }
  }
}

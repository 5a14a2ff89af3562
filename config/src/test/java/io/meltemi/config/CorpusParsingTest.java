package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
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
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Configuration that a reference control plane took is taken here. */
class CorpusParsingTest {
  /** Inputs with errors of their own, which the reference passes over. */
  private static final Map<String, String> KNOWN =
      Map.of(
          "benchmark-knative-gateway/config.yaml", "no --- between two resources",
          "knative-gateway/rendered-small.yaml", "no --- between two resources",
          "swagger.yaml", "no resource but an API description",
          "spire-base.yaml", "no resource but chart values",
          "spire-east.yaml", "no resource but chart values",
          "spire-west.yaml", "no resource but chart values");

  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
  private final List<String> errors = new ArrayList<>();
  private final List<String> unknownFields = new ArrayList<>();
  private int accepted;

  @Test
  void takesTheInputsOfTheRecordedTranslations() throws IOException {
    List<Path> files = files(SharedFiles.require("corpus/xds"), "/config.yaml");
    files.addAll(files(SharedFiles.require("corpus/xds"), "kubernetes.yaml"));
    files.forEach(this::read);
    System.out.println(
        "xds inputs: " + accepted + " resources of " + files.size() + " files accepted");
    assertEquals(List.of(), errors);
    assertEquals(List.of(), unknownFields);
    assertTrue(accepted > 1000, "accepted: " + accepted);
  }

  @Test
  void takesTheMeshConfigsOfTheRecordedTranslations() throws IOException {
    List<Path> files = files(SharedFiles.require("corpus/xds"), "meshconfig.yaml");
    for (Path file : files) {
      Validation<MeshConfig> mesh = MeshConfigParser.parse(Files.readString(file), file.toString());
      mesh.errors().forEach(error -> errors.add(error.toString()));
      noteUnknownFields(mesh.warnings());
    }
    assertEquals(List.of(), errors);
    assertEquals(List.of(), unknownFields);
    assertTrue(files.size() > 5, "files: " + files.size());
  }

  @Test
  void takesTheLooseConfiguration() throws IOException {
    List<Path> files = files(SharedFiles.require("corpus/config/routing-config"), ".yaml");
    files.addAll(files(SharedFiles.require("corpus/config/xds-config"), ".yaml"));
    files.addAll(files(SharedFiles.require("corpus/config/xds-networking"), ".yaml"));
    files.addAll(files(SharedFiles.require("corpus/config/xds-benchmark"), "rendered-small.yaml"));
    files.addAll(files(SharedFiles.require("corpus/samples"), ".yaml"));
    files.forEach(this::read);
    System.out.println(
        "loose inputs: " + accepted + " resources of " + files.size() + " files accepted");
    assertEquals(List.of(), errors);
    assertEquals(List.of(), unknownFields);
    assertTrue(accepted > 100, "accepted: " + accepted);
  }

  private void read(Path file) {
    try {
      YamlReader.Result result =
          YamlReader.read(Files.readString(file), file.toString(), YamlLimits.DEFAULT);
      result.errors().forEach(error -> errors.add(error.toString()));
      for (YamlReader.Document document : result.documents()) {
        for (Decoded decoded : decoder.decode(document)) {
          note(decoded);
        }
      }
    } catch (IOException e) {
      errors.add(file + ": " + e);
    }
  }

  private void note(Decoded decoded) {
    switch (decoded) {
      case Decoded.Accepted(var _, var warnings) -> {
        accepted++;
        noteUnknownFields(warnings);
      }
      case Decoded.Rejected rejected ->
          rejected.errors().forEach(error -> errors.add(error.toString()));
      case Decoded.Unreadable unreadable ->
          unreadable.errors().forEach(error -> errors.add(error.toString()));
      case Decoded.UnknownKind _ -> {}
    }
  }

  private void noteUnknownFields(List<Violation> warnings) {
    for (Violation warning : warnings) {
      // a field that Istio dropped years ago is in one old rule
      if (warning.found().startsWith("unknown field")
          && !warning.path().endsWith("websocketUpgrade")) {
        unknownFields.add(warning.toString());
      }
    }
  }

  private static List<Path> files(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return new ArrayList<>(
          files
              .filter(Files::isRegularFile)
              .filter(file -> file.toString().endsWith(suffix))
              .filter(file -> KNOWN.keySet().stream().noneMatch(file.toString()::endsWith))
              .sorted()
              .toList());
    }
  }
}

package io.meltemi.controlplane;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.mesh.MeshNetworks;
import io.meltemi.config.mesh.MeshNetworksParser;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The mesh configuration in force: of a file when there is one, else of the ConfigMap {@code istio}
 * in the root namespace. Text that is wrong changes nothing. Any thread.
 */
final class MeshSettings {
  private static final System.Logger LOG = System.getLogger(MeshSettings.class.getName());
  private static final String KEY = "mesh";
  private static final String NETWORKS_KEY = "meshNetworks";
  private final Optional<Path> file;
  private final ResourceName configMap;
  private final Consumer<MeshConfig> listener;
  private String lastText = "";
  private String lastNetworks = "";
  private MeshConfig current;
  private volatile List<Violation> problems = List.of();
  private volatile List<Violation> networkProblems = List.of();

  MeshSettings(Optional<Path> file, String rootNamespace, Consumer<MeshConfig> listener) {
    this.file = file;
    this.configMap = new ResourceName(rootNamespace, "istio");
    this.listener = listener;
    this.current = MeshConfig.DEFAULT;
  }

  /** What is wrong with the texts that were read last. */
  List<Violation> problems() {
    return Stream.of(problems, networkProblems).flatMap(List::stream).toList();
  }

  boolean hasFile() {
    return file.isPresent();
  }

  /** Reads the file again. */
  void readFile() {
    if (file.isEmpty()) {
      return;
    }
    Path path = file.get();
    try {
      String text = Files.readString(path, StandardCharsets.UTF_8);
      take(text, () -> MeshConfigParser.parse(text, path.toString()));
    } catch (IOException e) {
      problems =
          List.of(
              new Violation(
                  Origin.of(path.toString()), "", e.toString(), "a readable mesh configuration"));
    }
  }

  /** Looks for the ConfigMap; without one everything has its default. */
  void read(ConfigSnapshot snapshot) {
    Optional<Resource<ConfigMap>> found = snapshot.get(Kinds.CONFIG_MAP, configMap);
    readNetworks(found);
    if (file.isPresent()) {
      return;
    }
    String text = found.map(resource -> resource.spec().data().getOrDefault(KEY, "")).orElse("");
    Origin origin = found.map(Resource::origin).orElse(Origin.BUILT_IN);
    take(
        text,
        () ->
            text.isBlank()
                ? Validation.valid(MeshConfig.DEFAULT)
                : MeshConfigParser.parseEmbedded(text, origin));
  }

  /** Networks are written beside the mesh configuration, and only there. */
  private synchronized void readNetworks(Optional<Resource<ConfigMap>> found) {
    String text =
        found.map(resource -> resource.spec().data().getOrDefault(NETWORKS_KEY, "")).orElse("");
    if (text.equals(lastNetworks)) {
      return;
    }
    lastNetworks = text;
    Validation<MeshNetworks> parsed =
        MeshNetworksParser.parseEmbedded(text, found.map(Resource::origin).orElse(Origin.BUILT_IN));
    networkProblems = told(parsed);
    if (parsed instanceof Validation.Valid<MeshNetworks> valid) {
      change(current.withNetworks(valid.value()));
    }
  }

  private static List<Violation> told(Validation<?> parsed) {
    List<Violation> problems = parsed.isValid() ? parsed.warnings() : parsed.errors();
    problems.forEach(
        problem -> LOG.log(System.Logger.Level.WARNING, "mesh configuration: {0}", problem));
    return problems;
  }

  private void change(MeshConfig now) {
    if (!now.equals(current)) {
      current = now;
      listener.accept(current);
    }
  }

  private synchronized void take(
      String text, java.util.function.Supplier<Validation<MeshConfig>> parse) {
    if (text.equals(lastText)) {
      return;
    }
    lastText = text;
    Validation<MeshConfig> parsed = parse.get();
    problems = told(parsed);
    if (parsed instanceof Validation.Valid<MeshConfig> valid) {
      change(valid.value().withNetworks(current.networks()));
    }
  }
}

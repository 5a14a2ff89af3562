package io.meltemi.controlplane;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
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

/**
 * The mesh configuration in force: of a file when there is one, else of the ConfigMap {@code istio}
 * in the root namespace. Text that is wrong changes nothing. Any thread.
 */
final class MeshSettings {
  private static final System.Logger LOG = System.getLogger(MeshSettings.class.getName());
  private static final String KEY = "mesh";
  private final Optional<Path> file;
  private final ResourceName configMap;
  private final Consumer<MeshConfig> listener;
  private String lastText = "";
  private MeshConfig current;
  private volatile List<Violation> problems = List.of();

  MeshSettings(Optional<Path> file, String rootNamespace, Consumer<MeshConfig> listener) {
    this.file = file;
    this.configMap = new ResourceName(rootNamespace, "istio");
    this.listener = listener;
    this.current = MeshConfig.DEFAULT;
  }

  /** What is wrong with the text that was read last. */
  List<Violation> problems() {
    return problems;
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
    if (file.isPresent()) {
      return;
    }
    Optional<Resource<ConfigMap>> found = snapshot.get(Kinds.CONFIG_MAP, configMap);
    String text = found.map(resource -> resource.spec().data().getOrDefault(KEY, "")).orElse("");
    Origin origin = found.map(Resource::origin).orElse(Origin.BUILT_IN);
    take(
        text,
        () ->
            text.isBlank()
                ? Validation.valid(MeshConfig.DEFAULT)
                : MeshConfigParser.parseEmbedded(text, origin));
  }

  private synchronized void take(
      String text, java.util.function.Supplier<Validation<MeshConfig>> parse) {
    if (text.equals(lastText)) {
      return;
    }
    lastText = text;
    Validation<MeshConfig> parsed = parse.get();
    problems = parsed.isValid() ? parsed.warnings() : parsed.errors();
    problems.forEach(
        problem -> LOG.log(System.Logger.Level.WARNING, "mesh configuration: {0}", problem));
    if (parsed instanceof Validation.Valid<MeshConfig> valid && !valid.value().equals(current)) {
      current = valid.value();
      listener.accept(current);
    }
  }
}

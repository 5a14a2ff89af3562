package io.meltemi.config.kind.configmap;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.SpecParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Map;

/** Reads ConfigMap, and checks the texts in it that configure the mesh itself. */
public final class ConfigMapParser implements SpecParser<ConfigMap> {

  /** Checks one text. */
  @FunctionalInterface
  public interface TextCheck {
    Validation<?> check(String text, Origin within);
  }

  private final Map<String, TextCheck> checks;

  /**
   * Made once.
   *
   * @param checks by {@code name/key} of the config map
   */
  public ConfigMapParser(Map<String, TextCheck> checks) {
    this.checks = Map.copyOf(checks);
  }

  @Override
  public ConfigMap parse(ObjectReader document, Metadata metadata) {
    Map<String, String> data = document.stringMap("data");
    document.object(
        "data",
        entries -> {
          for (String key : data.keySet()) {
            TextCheck check = checks.get(metadata.name() + "/" + key);
            if (check != null) {
              entries.absorb(key, check.check(entries.string(key), entries.origin(key)));
            }
          }
          return entries;
        });
    return new ConfigMap(data);
  }
}

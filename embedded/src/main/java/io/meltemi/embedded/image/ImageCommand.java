package io.meltemi.embedded.image;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How one image runs, tokens not yet filled in; the components are those of {@link ImageRule}.
 *
 * @param directory empty means the directory of the manifests
 */
public record ImageCommand(
    List<String> command,
    Map<String, String> environment,
    String directory,
    Map<Integer, Integer> listen) {
  public ImageCommand {
    command = List.copyOf(command);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    listen = Map.copyOf(listen);
  }
}

package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.Message;
import io.meltemi.common.validation.Origin;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Resources that patches have changed. */
final class Patched {
  private Patched() {}

  /** The same resource when nothing changed it; else one that names the patches as origins too. */
  static GeneratedResource of(
      GeneratedResource resource, String name, Message body, Collection<Patch> applied) {
    if (body.equals(resource.body())) {
      return resource;
    }
    Set<Origin> origins = new LinkedHashSet<>(Patches.origins(applied));
    origins.addAll(resource.origins());
    return new GeneratedResource(name, body, List.copyOf(origins));
  }
}

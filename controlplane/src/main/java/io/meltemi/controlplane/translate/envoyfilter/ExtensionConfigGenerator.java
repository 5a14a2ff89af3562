package io.meltemi.controlplane.translate.envoyfilter;

import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.ApplyTo;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import io.meltemi.controlplane.translate.extension.ExtensionConfigs;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Configurations of single filters (ECDS) that EnvoyFilters and extensions add; the first of a name
 * counts.
 */
public final class ExtensionConfigGenerator implements ResourceGenerator {
  @Override
  public TypeUrl type() {
    return TypeUrl.EXTENSION_CONFIG;
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    Map<String, GeneratedResource> configs = new LinkedHashMap<>();
    for (Patch patch :
        Patches.of(context).of(node, context, EnumSet.of(ApplyTo.EXTENSION_CONFIG))) {
      if (patch.operation() == Operation.ADD
          && patch.value() instanceof TypedExtensionConfig config
          && names.contains(config.getName())) {
        configs.putIfAbsent(
            config.getName(),
            new GeneratedResource(config.getName(), config, List.of(patch.from())));
      }
    }
    for (GeneratedResource config : ExtensionConfigs.of(node, context, names)) {
      configs.putIfAbsent(config.name(), config);
    }
    return List.copyOf(configs.values());
  }

  /** Of all patches, not only those of filters' configurations, and of extensions. */
  @Override
  public List<Problem> problems(PushContext context) {
    List<Problem> problems = new ArrayList<>(Patches.of(context).problems());
    problems.addAll(ExtensionConfigs.problems(context));
    return problems;
  }
}

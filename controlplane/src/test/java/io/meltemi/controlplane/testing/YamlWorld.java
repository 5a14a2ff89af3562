package io.meltemi.controlplane.testing;

import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.WorldBuilder;
import java.util.ArrayList;
import java.util.List;

/** A world written as YAML that can be changed file by file. Not thread-safe. */
public final class YamlWorld {
  private static final ResourceDecoder DECODER = new ResourceDecoder(Kinds.ALL);

  private final ConfigStore store = new ConfigStore();
  private final WorldBuilder builder = new WorldBuilder("cluster.local", "Kubernetes");
  private final List<ConfigChange> pending = new ArrayList<>();
  private final List<ConfigChange> history = new ArrayList<>();
  private MeshConfig mesh = MeshConfig.DEFAULT;

  public YamlWorld() {
    store.addListener(
        (List<ConfigChange> changes, ConfigSnapshot _) -> {
          pending.addAll(changes);
          history.addAll(changes);
        });
  }

  /** A world of one file. */
  public static PushContext of(String yaml) {
    return new YamlWorld().write("world.yaml", yaml).context();
  }

  /** Sets what a file says, in place of what it said before. */
  public YamlWorld write(String file, String yaml) {
    store.replace(file, resources(yaml));
    return this;
  }

  public YamlWorld mesh(MeshConfig value) {
    mesh = value;
    return this;
  }

  /** The world after everything written, and what changed since the last call. */
  public WorldBuilder.World next() {
    WorldBuilder.World world = builder.next(List.copyOf(pending), store.snapshot(), mesh);
    pending.clear();
    return world;
  }

  /** The world as a control plane makes it that starts now. */
  public PushContext anew() {
    return new WorldBuilder("cluster.local", "Kubernetes")
        .next(List.copyOf(history), store.snapshot(), mesh)
        .context();
  }

  public PushContext context() {
    return next().context();
  }

  /**
   * The resources of a text.
   *
   * @throws AssertionError naming what is wrong, when anything is
   */
  public static List<Resource<?>> resources(String yaml) {
    List<Resource<?>> resources = new ArrayList<>();
    for (Decoded document : documents(yaml, "world.yaml")) {
      if (document instanceof Decoded.Accepted(Resource<?> resource, var _)) {
        resources.add(resource);
      } else {
        throw new AssertionError(document);
      }
    }
    return resources;
  }

  /** Every document of a text, refused ones too. */
  static List<Decoded> documents(String yaml, String file) {
    YamlReader.Result result = YamlReader.read(yaml, file, YamlLimits.DEFAULT);
    List<Decoded> documents = new ArrayList<>();
    if (!result.errors().isEmpty()) {
      documents.add(new Decoded.Unreadable(Origin.of(file), result.errors()));
    }
    for (YamlReader.Document document : result.documents()) {
      documents.addAll(DECODER.decode(document));
    }
    return documents;
  }
}

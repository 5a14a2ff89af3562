package io.meltemi.embedded;

import io.meltemi.config.Kinds;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.store.Problem;
import io.meltemi.embedded.console.Console;
import io.meltemi.embedded.workload.ClusterState;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Tells a person what changes in the store: resources, new problems, mended files. */
final class StoreReporter implements ConfigStore.Listener {
  private static final int CHANGES_MAX = 8;

  private final Console console;
  private final Runnable onChange;
  private final Set<Problem> told = new LinkedHashSet<>();
  private volatile boolean quiet = true;

  /**
   * Tells problems from the start, changes only after {@link #tellChanges}.
   *
   * @param onChange called for each change of what a person wrote; must not block
   */
  StoreReporter(Console console, Runnable onChange) {
    this.console = console;
    this.onChange = onChange;
  }

  void tellChanges() {
    quiet = false;
  }

  @Override
  public void changed(List<ConfigChange> changes, ConfigSnapshot snapshot) {
    List<ConfigChange> written = changes.stream().filter(change -> !isOurs(change)).toList();
    if (written.isEmpty()) {
      return;
    }
    if (!quiet) {
      written.stream()
          .limit(CHANGES_MAX)
          .forEach(
              change -> {
                String where =
                    change.after().or(change::before).map(r -> " (" + r.origin() + ")").orElse("");
                console.line(Console.Event.CHANGE, change + where);
              });
      if (written.size() > CHANGES_MAX) {
        console.line(Console.Event.CHANGE, written.size() - CHANGES_MAX + " more");
      }
    }
    onChange.run();
  }

  /** What {@code up} itself says of its pods. */
  private static boolean isOurs(ConfigChange change) {
    return change.kind() == Kinds.POD
        || change.kind() == Kinds.ENDPOINT_SLICE
        || change
            .after()
            .or(change::before)
            .filter(resource -> resource.origin().location().equals(ClusterState.LOCATION))
            .isPresent();
  }

  @Override
  public synchronized void problemsChanged(List<Problem> problems) {
    for (Problem problem : problems) {
      if (told.add(problem)) {
        boolean error = problem.severity() == Problem.Severity.ERROR;
        String resource = problem.resource().isEmpty() ? "" : " in " + problem.resource();
        console.line(
            error ? Console.Event.ERROR : Console.Event.WARNING, problem.violation() + resource);
      }
    }
    Set<String> mended = new TreeSet<>();
    told.removeIf(
        problem -> {
          boolean gone = !problems.contains(problem);
          if (gone && problem.severity() == Problem.Severity.ERROR) {
            mended.add(problem.violation().origin().location());
          }
          return gone;
        });
    for (Problem problem : problems) {
      if (problem.severity() == Problem.Severity.ERROR) {
        mended.remove(problem.violation().origin().location());
      }
    }
    mended.forEach(file -> console.line(Console.Event.MENDED, file));
  }
}

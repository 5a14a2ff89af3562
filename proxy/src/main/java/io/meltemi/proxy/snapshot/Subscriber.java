package io.meltemi.proxy.snapshot;

import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.Collection;

/** Asks the control plane for resources by name. */
public interface Subscriber {
  /** Without a control plane: every name is at once known not to come. */
  Subscriber NONE =
      new Subscriber() {
        @Override
        public boolean subscribe(TypeUrl type, Collection<String> names) {
          return false;
        }

        @Override
        public void unsubscribe(TypeUrl type, Collection<String> names) {}
      };

  /** False when nobody can be asked. */
  boolean subscribe(TypeUrl type, Collection<String> names);

  /**
   * The same.
   *
   * @param fetchTimeout how long the first answer may take; zero for ever
   */
  default boolean subscribe(TypeUrl type, Collection<String> names, Duration fetchTimeout) {
    return subscribe(type, names);
  }

  void unsubscribe(TypeUrl type, Collection<String> names);
}

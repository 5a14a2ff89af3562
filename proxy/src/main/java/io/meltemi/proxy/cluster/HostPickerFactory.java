package io.meltemi.proxy.cluster;

/** Makes the pickers of one policy. Any thread. */
public interface HostPickerFactory {
  /** A picker over hosts with their weights as they are now. */
  HostPicker make(HostGroup group);

  /**
   * Whether the request's hash decides. Then all localities of a priority stand in one group, and
   * the hash chooses the priority too.
   */
  default boolean hashes() {
    return false;
  }
}

package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.SerializableScript;
import groovy.lang.MissingPropertyException;

/** What every Jenkinsfile and every file of `vars` extends; org.jenkinsci.plugins.workflow.cps.CpsScript there. */
public abstract class EngineScript extends SerializableScript {
  private static final long serialVersionUID = 1;

  @Override
  public final Object invokeMethod(String name, Object args) {
    return Build.current().invoke(this, name, args);
  }

  @Override
  public Object getProperty(String name) {
    try {
      return super.getProperty(name);
    } catch (MissingPropertyException missing) {
      Object found = Build.current().global(this, name);
      if (found != null) return found;
      throw missing;
    }
  }

  /** Groovy's own, on every object, would hide the step. */
  public Object sleep(long seconds) {
    return invokeMethod("sleep", seconds);
  }

  @Override
  public void println(Object value) {
    Build.current().echo(String.valueOf(value));
  }

  @Override
  public void print(Object value) {
    println(value);
  }
}

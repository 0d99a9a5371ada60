"""JupyterLab as ``make lab`` starts it asks nobody on the internet for news, updates or extensions.

This folder is on JUPYTER_CONFIG_PATH then; labconfig/page_config.json turns off the question about news.
"""

c = get_config()  # noqa: F821  given by Jupyter

c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"

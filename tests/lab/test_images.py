"""The base images hold what the sample builds need, and are made once."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.lab import images


@pytest.mark.parametrize("recipe", images.RECIPES, ids=lambda recipe: recipe.name)
def test_image_has_its_tools(engine, recipe):
    images.make(engine, recipe)
    engine.run(["run", "--rm", "--network=none", recipe.name, "sh", "-ec", recipe.proof])


def test_a_present_image_is_not_made_again(engine, python_image):
    assert engine.has_image(python_image)
    again = images.make(engine, images.PYTHON)
    assert again.how == "present"
    assert again.bytes > 1000000
